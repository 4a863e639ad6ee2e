import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { provideConfigFile } from '../../bin/provide-config-file.ts'
import { starterText, withoutAddedWorkers } from '../../bin/starter-file.ts'
import { locateConfig } from '../../core/config/locate.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iii-provide-'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

describe('provideConfigFile', () => {
  const file = (): string => join(cwd, 'iii-config.yaml')

  test('creates the starter file silently where nobody can be asked', async () => {
    expect(await provideConfigFile({ cwd, env: {} })).toBe(file())
    expect(readFileSync(file(), 'utf8')).toBe(starterText())
  })

  test.each(['', 'y', 'YES', ' Yes '])('creates it after the answer %o', async (answer) => {
    const asked: string[] = []
    const ask = async (question: string): Promise<string> => (asked.push(question), answer)
    expect(await provideConfigFile({ cwd, env: {} }, ask)).toBe(file())
    expect(asked).toEqual([expect.stringContaining('[Y/n]')])
    expect(asked[0]).toContain(file())
  })

  test.each(['n', 'no', 'maybe'])('creates nothing after the answer %o', async (answer) => {
    await expect(provideConfigFile({ cwd, env: {} }, async () => answer)).rejects.toThrow(
      `Config file not found: '${file()}'.`,
    )
    expect(locateConfig({ cwd, env: {} }).kind).toBe('missing')
  })

  test('asks nothing where a file is, and leaves it as it is', async () => {
    writeFileSync(join(cwd, 'config.yaml'), 'workers: []\n')
    const ask = (): Promise<string> => Promise.reject(new Error('asked'))
    expect(await provideConfigFile({ cwd, env: {} }, ask)).toBe(join(cwd, 'config.yaml'))
    expect(readFileSync(join(cwd, 'config.yaml'), 'utf8')).toBe('workers: []\n')
  })

  test('creates no file that was named, and says what to do', async () => {
    const path = join(cwd, 'nope.yaml')
    const failure = provideConfigFile({ cwd, env: { III_CONFIG_PATH: path } })
    await expect(failure).rejects.toMatchObject({
      message: `Config file not found: '${path}'.`,
      remedy: expect.stringContaining('--use-default-config'),
    })
  })

  test('names the path when the starter file can not be written', async () => {
    const folder = join(cwd, 'gone')
    mkdirSync(folder)
    rmSync(folder, { recursive: true })
    await expect(provideConfigFile({ cwd: folder, env: {} })).rejects.toThrow(
      `Failed to create config file '${join(folder, 'iii-config.yaml')}': ENOENT`,
    )
  })

  test('gives null for the embedded default', async () => {
    expect(await provideConfigFile({ cwd, env: {}, useDefaultConfig: true })).toBeNull()
  })
})

test('a new file has no workers that were added to the checkout that it comes from', () => {
  const added = '  - name: greeter\n    worker_path: /home/ada/greeter\n    config:\n      a: 1\n'
  const text = `workers:\n  - name: iii-state\n    config: {}\n${added}\n  # - name: hello\nplugins_dir: ./plugins\n`
  expect(withoutAddedWorkers(text)).toBe(text.replace(added, ''))
  expect(withoutAddedWorkers(starterText())).toBe(starterText())
})
