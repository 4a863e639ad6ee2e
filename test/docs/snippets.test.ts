// Runs the pages as a reader would: in an empty project with a running engine, block after block.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from '../support/needs.ts'
import { ReaderProjects, type ReaderProject } from './reader-project.ts'
import { commandsIn, hasCommands, pages, ROOT, snippetsOf, type Snippet } from './snippets.ts'

const projects = new ReaderProjects(pages().filter((page) => hasCommands(page) && needsEngine(page)).length)
afterAll(() => projects.close())

describe.each(pages().filter((page) => hasCommands(page) && !needsPython(page) && !needsCurl(page)))('%s', runPage)
describe.skipIf(lacks('iii-sdk for Python'))('pages about Python (needs iii-sdk for Python)', () => {
  describe.each(pages().filter(needsPython))('%s', runPage)
})
describe.skipIf(lacks('curl'))('pages that ask by HTTP (needs curl)', () => {
  describe.each(pages().filter(needsCurl))('%s', runPage)
})

function needsPython(page: string): boolean {
  return snippetsOf(page).some(({ kind, text }) => kind === 'background' && text.startsWith('python3 '))
}

function needsCurl(page: string): boolean {
  return snippetsOf(page).some(({ kind, text }) => ['run', 'fails'].includes(kind) && /^curl /m.test(text))
}

function needsEngine(page: string): boolean {
  return !snippetsOf(page).every(isTestOfReader)
}

function runPage(page: string): void {
  const snippets = snippetsOf(page)
  let project: ReaderProject
  let lastOutput = ''
  beforeAll(async () => {
    project = await projects.open({ withEngine: needsEngine(page) })
  }, 30_000)
  afterAll(() => projects.end(project))

  for (const snippet of snippets) {
    const title = `line ${snippet.line}: ${snippet.kind === 'file' ? snippet.name : snippet.kind}`
    if (snippet.kind === 'shown' || snippet.kind === 'ci') continue
    it(title, { timeout: 120_000 }, async () => {
      if (snippet.kind === 'file') return project.write(snippet.name, snippet.text)
      if (snippet.kind === 'output') return expect(JSON.parse(lastOutput)).toEqual(JSON.parse(snippet.text))
      for (const command of commandsIn(snippet.text)) {
        if (snippet.kind === 'background') {
          await project.startWorker(command)
          continue
        }
        const { code, stdout, stderr } = await project.run(command)
        expect({ command, succeeded: code === 0, stderr }).toMatchObject({ command, succeeded: snippet.kind === 'run' })
        lastOutput = stdout
      }
    })
  }
}

it('runs README.md and every guide', () => {
  const guides = pages().filter((page) => page.startsWith('docs/guides/'))
  expect(guides.length).toBeGreaterThan(0)
  for (const page of ['README.md', ...guides]) expect({ page, runs: hasCommands(page) }).toEqual({ page, runs: true })
})

it('the files of README.md are those of examples/', () => {
  const files = snippetsOf('README.md').flatMap((snippet) => (snippet.kind === 'file' ? [snippet] : []))
  expect(files.map(({ name }) => name)).toEqual(['first-worker.mjs', 'plugins/hello.ts'])
  for (const { name, text } of files) {
    const example = readFileSync(path.join(ROOT, 'examples', name), 'utf8')
    // The file says in a first comment what README says in prose.
    expect(example.replace(/^\/\/.*\n/, '')).toBe(text)
    expect(commandsIn(text).length).toBeLessThanOrEqual(20)
  }
})

/** A command that tests the reader's own code, without an engine; or no command. */
function isTestOfReader({ kind, text }: Snippet): boolean {
  return (
    !['run', 'fails', 'background'].includes(kind) || commandsIn(text).every((line) => line.startsWith('node --test'))
  )
}
