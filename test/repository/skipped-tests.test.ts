// A test that this machine can't run says why, and how to have it run.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { NEEDS, type NeedName } from '../support/needs.ts'
import { needsIn, skippedLines, type TestFile } from '../support/skipped-tests.ts'
import { filesIn, ROOT } from './source-files.ts'

/** `it.skipIf(…)(`, with the title behind it. */
const SKIPPED =
  /\.(?:skip|skipIf|runIf|todo|fails)\b(?<condition>\((?:[^()]|\([^()]*\))*\))?\(\s*(?<title>'[^']*'|`[^`]*`|"[^"]*")/g

/** What runs in the suite without processes asks the platform itself. */
const BY_PLATFORM: Readonly<Record<string, readonly NeedName[]>> = {
  "(process.platform === 'win32')": ['POSIX'],
  "(process.platform !== 'linux')": ['Linux'],
}

it('a test that may be skipped names in its title what it needs, from the table', () => {
  const others = filesIn('test').filter((file) => !import.meta.filename.endsWith(file))
  const found = others.flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(SKIPPED)].map(({ groups }) => ({ file, ...groups })),
  )
  expect(found.length).toBeGreaterThan(20)
  for (const { file, condition = '', title = '' } of found as { file: string; condition?: string; title?: string }[]) {
    const asked = [...condition.matchAll(/lacks\('([^']+)'\)/g)].map(([, name]) => name as NeedName)
    const needed = BY_PLATFORM[condition] ?? asked
    expect(needed, `${file}: ${title}: skip it with lacks(NAME) of test/support/needs.ts`).not.toEqual([])
    expect([...needsIn(title)].sort(), `${file}: ${title}`).toEqual([...needed].sort())
  }
})

it('each need says what is missing and what to do', () => {
  for (const [name, { missing, remedy }] of Object.entries(NEEDS)) {
    expect(missing, name).toMatch(/^(no|nothing)\b.{8,}[^.]$/)
    expect(remedy, name).toMatch(/^(install|name|run)\b.{8,}[^.]$/)
  }
})

describe('the lines at the end of a run', () => {
  const file = (name: string, ...tasks: TestFile['tasks'] & {}): TestFile => ({
    name,
    filepath: `/root/test/${name}`,
    tasks,
  })
  const skipped = (name: string, note?: string) => ({ name, mode: 'skip', result: { state: 'skip', note } })
  const lacking = (name: NeedName) => {
    vi.spyOn(NEEDS[name], 'isThere').mockReturnValue(false)
  }
  const lines = (config: string, ...files: TestFile[]) => skippedLines(files, { root: '/root', config })

  it('give reason, remedy and command, one line for all that lack the same', () => {
    lacking('redis-server')
    const files = [
      file('a.test.ts', { name: 'x (needs redis-server)', tasks: [skipped('one'), skipped('two')] }),
      file('b.test.ts', skipped('three (needs redis-server)'), { name: 'four', result: { state: 'pass' } }),
    ]
    expect(lines('vitest.config.ts', ...files)).toEqual([
      'Skipped 3 tests: there is no redis-server on the PATH; install it: apt-get install redis-server, or brew install redis; then: npx vitest run test/a.test.ts test/b.test.ts',
    ])
  })
  it('name the configuration of the run, and not more files than fit a line', () => {
    lacking('Chromium')
    const files = Array.from({ length: 5 }, (_, index) => file(`${index}.test.ts`, skipped('it (needs Chromium)')))
    const [line, ...rest] = lines('test/long/vitest.config.ts', ...files)
    expect(line).toMatch(/^Skipped 5 tests: .*; then: npx vitest run --config test\/long\/vitest.config.ts$/)
    expect(rest).toEqual([])
  })
  it('repeat the reason that a test gave while it ran', () => {
    expect(lines('', file('a.test.ts', skipped('one', 'there is no Python; install it')))).toEqual([
      'Skipped 1 test: there is no Python; install it; then: npx vitest run test/a.test.ts',
    ])
  })
  it('are silent about tests that nobody asked for, and about what is there', () => {
    vi.spyOn(NEEDS.Linux, 'isThere').mockReturnValue(true)
    expect(lines('', file('a.test.ts', skipped('one'), skipped('two (needs Linux)')))).toEqual([])
  })
})
