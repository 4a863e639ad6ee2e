// Runs the pages as a reader would: in an empty project with a running engine, block after block.
import { spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandsIn, hasCommands, pages, ROOT, snippetsOf, type Snippet } from './snippets.ts'

const COMMAND_MS = 20_000

describe.each(pages().filter(hasCommands))('%s', (page) => {
  const snippets = snippetsOf(page)
  let project: ReaderProject
  let lastOutput = ''
  beforeAll(async () => {
    project = await ReaderProject.open({ withEngine: !snippets.every(isTestOfReader) })
  }, 30_000)
  afterAll(() => project.close())

  for (const snippet of snippets) {
    const title = `line ${snippet.line}: ${snippet.kind === 'file' ? snippet.name : snippet.kind}`
    if (snippet.kind === 'shown' || snippet.kind === 'ci') continue
    it(title, { timeout: 60_000 }, async () => {
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
})

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

/** A temporary folder with `iii` on its PATH, the packages of this checkout, and an engine where a page needs one. */
class ReaderProject {
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv
  readonly #children: ChildProcess[] = []

  private constructor(folder: string) {
    this.#folder = folder
    this.#env = {
      ...process.env,
      PATH: `${path.join(folder, '.bin')}${path.delimiter}${process.env['PATH']}`,
      OTEL_ENABLED: 'false',
    }
  }

  static async open({ withEngine }: { withEngine: boolean }): Promise<ReaderProject> {
    const folder = mkdtempSync(path.join(tmpdir(), 'iii-docs-'))
    const project = new ReaderProject(folder)
    mkdirSync(path.join(folder, '.bin'))
    const iii = path.join(folder, '.bin', 'iii')
    writeFileSync(iii, `#!/bin/sh\nexec '${process.execPath}' '${path.join(ROOT, 'bin', 'iii.mjs')}' "$@"\n`)
    chmodSync(iii, 0o755)
    linkPackages(path.join(folder, 'node_modules'))
    const starter = readFileSync(path.join(ROOT, 'iii-config.yaml'), 'utf8')
    const onFreePorts = starter.replace('port: 49134', 'port: 0').replace('port: 3112', 'port: 0')
    // The reader waits the full time for calls that do not end.
    project.write('iii-config.yaml', onFreePorts.replace('\nengine:\n', '\nengine:\n  drain_ms: 500\n'))
    if (!withEngine) return project
    const screen = await project.#startUntil('iii start', 'Try next')
    project.#env['III_URL'] = /ws:\/\/\S+/.exec(screen)?.[0]
    return project
  }

  write(name: string, text: string): void {
    const file = path.join(this.#folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  run(command: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn('sh', ['-c', command], { cwd: this.#folder, env: this.#env, timeout: COMMAND_MS })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
  }

  /** Starts a worker and waits until the engine lists one more function of any worker, also of one whose id has a provider. */
  async startWorker(command: string): Promise<void> {
    const before = await this.#providedFunctions()
    this.#spawn(command)
    const deadline = performance.now() + COMMAND_MS
    while ((await this.#providedFunctions()) === before) {
      if (performance.now() > deadline) throw new Error(`'${command}' registered nothing within ${COMMAND_MS} ms`)
    }
  }

  async #providedFunctions(): Promise<number> {
    const { stdout } = await this.run('iii workers list --json')
    const { workers } = JSON.parse(stdout) as { workers: { function_count: number }[] }
    return workers.reduce((sum, { function_count }) => sum + function_count, 0)
  }

  /** Resolves with what it has said by then. */
  #startUntil(command: string, sign: string): Promise<string> {
    const child = this.#spawn(command)
    let output = ''
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`'${command}' did not say '${sign}' in time:\n${output}`)),
        COMMAND_MS,
      )
      const look = (text: string) => {
        output += text
        if (!output.includes(sign)) return
        clearTimeout(deadline)
        resolve(output)
      }
      child.stdout?.setEncoding('utf8').on('data', look)
      child.stderr?.setEncoding('utf8').on('data', look)
      child.once('exit', (code) => reject(new Error(`'${command}' ended with ${code}:\n${output}`)))
    })
  }

  #spawn(command: string): ChildProcess {
    // `exec`, so that the signal at the end reaches the program and not a shell around it.
    const child = spawn('sh', ['-c', `exec ${command}`], { cwd: this.#folder, env: this.#env })
    this.#children.push(child)
    return child
  }

  async close(): Promise<void> {
    // Workers first: an engine that goes first only makes them complain.
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A command that tests the reader's own code, without an engine; or no command. */
function isTestOfReader({ kind, text }: Snippet): boolean {
  return (
    !['run', 'fails', 'background'].includes(kind) || commandsIn(text).every((line) => line.startsWith('node --test'))
  )
}

/** The packages of this checkout, and this one as if it had been installed. */
function linkPackages(modules: string): void {
  mkdirSync(path.join(modules, 'iii-host'), { recursive: true })
  for (const name of readdirSync(path.join(ROOT, 'node_modules')))
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name))
  const exported = {
    '.': 'index.ts',
    './plugin': 'sdk/plugin.ts',
    './kit': 'kit/index.ts',
    './testing': 'testing/index.ts',
  }
  for (const [name, source] of Object.entries(exported)) {
    const text = `export * from ${JSON.stringify(pathToFileURL(path.join(ROOT, source)).href)}\n`
    writeFileSync(path.join(modules, 'iii-host', fileOf(name)), text)
  }
  const exports = Object.fromEntries(Object.keys(exported).map((name) => [name, `./${fileOf(name)}`]))
  const manifest = { name: 'iii-host', type: 'module', exports }
  writeFileSync(path.join(modules, 'iii-host', 'package.json'), JSON.stringify(manifest))
}

function fileOf(exported: string): string {
  return `${exported === '.' ? 'index' : path.basename(exported)}.mjs`
}
