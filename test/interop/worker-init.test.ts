// Workers in Python and Rust as `iii worker init` writes them: added to a running engine, which installs what they need, and called.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SDK } from '../../plugins/worker-ops/templates/language-files.ts'
import { runCli } from '../bin/run-cli.ts'
import { engineFolder, LISTENER_PORT, type EngineFolder } from '../support/engine-process.ts'
import { lacks } from '../support/needs.ts'

/** The install script has this long, too. */
const INSTALL_MS = 590_000

let folder: EngineFolder | undefined
afterEach(() => folder?.remove())

/** What a call of the function answers in the end. */
async function added(language: string, env: NodeJS.ProcessEnv): Promise<unknown> {
  folder = await engineFolder('')
  await folder.write(
    'iii-config.yaml',
    `workers:\n  - name: iii-worker-manager\n    config:\n      port: ${LISTENER_PORT}\n`,
  )
  const home = path.join(folder.dir, 'home')
  await mkdir(home)
  const quiet = { HOME: home, OTEL_ENABLED: 'false', III_URL: '', III_CONFIG_PATH: '', ...env }
  await folder.start({ env: quiet })
  const { dir: cwd, port } = folder
  const iii = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCli(args, {
      cwd,
      env: { ...quiet, III_TEST_PORT: String(port) },
      timeoutMs: INSTALL_MS,
    })
    expect({ args, code, stderr }).toMatchObject({ code: 0 })
    return stdout
  }
  await iii('worker', 'init', 'greeter', '--language', language)
  expect(await iii('worker', 'add', './greeter')).toBe('greeter is added and can be called.\n')
  expect(await iii('worker', 'status', 'greeter')).toContain('greeter is ready to greet')
  return JSON.parse(await iii('trigger', 'greeter::greet', 'name=Ada', '--port', String(port)))
}

describe('a worker in Python', () => {
  it('runs as it was written, in a virtual environment of its own', { timeout: INSTALL_MS }, async ({ skip }) => {
    const place = await mkdtemp(path.join(tmpdir(), 'iii-pip-'))
    const asked = ['-m', 'pip', 'download', '--no-deps', '--quiet', '--dest', place, `iii-sdk==${SDK.pypi}`]
    const { status } = spawnSync('python3', asked)
    await rm(place, { recursive: true })
    if (status !== 0 && !process.env['CI'])
      skip(`iii-sdk ${SDK.pypi} can't be had from PyPI; run it where that can be reached`)
    expect(await added('py', {})).toEqual({ text: 'Hello, Ada' })
  })
})

describe.skipIf(lacks('cargo'))('a worker in Rust (needs cargo)', () => {
  let target: string
  beforeAll(async () => {
    target = process.env['III_TEST_CARGO_TARGET'] ?? (await mkdtemp(path.join(tmpdir(), 'iii-cargo-')))
  })
  afterAll(async () => {
    if (process.env['III_TEST_CARGO_TARGET'] === undefined) await rm(target, { recursive: true, force: true })
  })

  it('runs as it was written, built by cargo', { timeout: INSTALL_MS }, async () => {
    // What cargo and rustup keep is theirs, wherever the home is.
    const { HOME = '', CARGO_HOME = `${HOME}/.cargo`, RUSTUP_HOME = `${HOME}/.rustup` } = process.env
    // As the other workers in Rust are built, whose crates it may share.
    const profile = { CARGO_PROFILE_DEV_DEBUG: 'false', CARGO_INCREMENTAL: '0' }
    const env = { CARGO_TARGET_DIR: target, CARGO_HOME, RUSTUP_HOME, ...profile }
    expect(await added('rust', env)).toEqual({ text: 'Hello, Ada' })
  })
})
