// The inside of threads as one file: that built-in plugins and those of users run in it, with one class of each kind.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { WARM_VARIABLE } from '../../bin/warm-bundle.mjs'
import { untilCompiled } from '../../bin/write-thread-file.ts'
import { writeWarmBundle } from '../../bin/write-warm-bundle.ts'
import { LAUNCHER } from './run-cli.ts'

const START_MS = 60_000
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const USER_PLUGIN = `import { definePlugin, InvocationError } from 'iii-host/plugin'

export default definePlugin({
  name: 'asker',
  async start({ iii }) {
    iii.registerFunction('asker::refused', async () => {
      try {
        await iii.trigger({ function_id: 'nobody::here', payload: {} })
      } catch (error) {
        return { known: error instanceof InvocationError, stack: (error as Error).stack }
      }
    })
    iii.registerFunction('asker::where', async () => ({ stack: new Error('here').stack }))
  },
})
`

const cwd = mkdtempSync(path.join(tmpdir(), 'iii-host-'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))
const cache = path.join(cwd, 'cache')
const env = { ...process.env, III_CACHE_DIR: cache, NODE_OPTIONS: '', NODE_V8_COVERAGE: '', [WARM_VARIABLE]: '' }
let folder: string

interface Engine {
  /** Of the output so far. */
  text(): string
  trigger(functionId: string, ...args: string[]): string
  stop(): Promise<void>
}

async function start(more: NodeJS.ProcessEnv = {}): Promise<Engine> {
  const engine = spawn(process.execPath, [LAUNCHER, 'start'], {
    cwd,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    engine.once('exit', () => reject(new Error(output)))
    for (const stream of [engine.stdout, engine.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (output.includes('Try next')) resolve()
      })
  })
  const [url] = /ws:\/\/127\.0\.0\.1:\d+/.exec(output)!
  return {
    text: () => output,
    trigger: (functionId, ...args) =>
      spawnSync(process.execPath, [LAUNCHER, 'trigger', functionId, ...args, '--address', url], {
        cwd,
        env,
        encoding: 'utf8',
      }).stdout,
    stop: () =>
      new Promise((resolve) => {
        engine.once('exit', () => resolve())
        engine.kill('SIGTERM')
      }),
  }
}

beforeAll(async () => {
  mkdirSync(path.join(cwd, 'plugins'))
  writeFileSync(path.join(cwd, 'plugins', 'asker.ts'), USER_PLUGIN)
  const workers = [
    ...['iii-worker-manager', 'iii-http', 'iii-stream'].map((name) => `{ name: ${name}, config: { port: 0 } }`),
    ...['iii-state', 'iii-queue', 'iii-cron', 'iii-pubsub', 'asker'].map((name) => `{ name: ${name} }`),
  ]
  writeFileSync(path.join(cwd, 'iii-config.yaml'), `workers: [${workers.join(', ')}]`)
  const warm = new URL('../../bin/warm-bundle.mjs', import.meta.url).href
  const script = `import(${JSON.stringify(warm)}).then((m) => console.log(m.warmFolder(${JSON.stringify(cache)}, ${JSON.stringify(path.dirname(LAUNCHER))})))`
  folder = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' }).stdout.trim()
  // Leaves compiled plugins.
  await (await start({ [WARM_VARIABLE]: 'off' })).stop()
  expect(await writeWarmBundle(folder, Date.now(), cache)).toBe(true)
}, START_MS)

function filesOf(kind: RegExp): string[] {
  return readdirSync(folder).filter((name) => kind.test(name))
}

const THREAD_FILE = /^thread-\w{16}\.mjs$/
const BUILT_INS_FILE = /^thread-\w{16}-\w+\.mjs$/

it(
  'holds all that built-in plugins load, and what a plugin of the user imports from it is the same',
  { timeout: START_MS },
  async () => {
    // Names each module that is loaded.
    const engine = await start({ NODE_DEBUG: 'esm' })
    onTestFinished(() => engine.stop())
    expect(engine.trigger('state::set', 'scope=a', 'key=b', 'value=c')).toContain('"new_value"')
    const refused = engine.trigger('asker::refused')
    expect(refused).toMatch(/"known": ?true/)
    expect(refused).toContain('sdk/')
    expect(engine.trigger('asker::where')).toContain('plugins/asker.ts:')
    const loaded = engine
      .text()
      .matchAll(/Storing (file:\S+)/g)
      .map(([, url]) => fileURLToPath(url!))
    const all = new Set(loaded)
    for (const name of [...filesOf(THREAD_FILE), ...filesOf(BUILT_INS_FILE)])
      expect(all).toContain(path.join(folder, name))
    const fromSources = [...all]
      .map((file) => path.relative(ROOT, file))
      .filter((file) => /^(sdk|protocol|base|core|plugins)\//.test(file))
    // They stand for what is in the file, at the addresses that the user's plugin imports from.
    const thread = (await import(pathToFileURL(path.join(folder, filesOf(THREAD_FILE)[0]!)).href)) as {
      addresses: Record<string, unknown>
    }
    const held = new Set(Object.keys(thread.addresses).map((url) => path.relative(ROOT, fileURLToPath(url))))
    expect(fromSources.filter((file) => !held.has(file) && file !== 'core/host/inside/thread-main.mjs')).toEqual([])
    expect(fromSources).toContain('sdk/plugin.ts')
  },
)

it('keeps what is compiled short and in letters of one byte, and takes modules of Node as they are', () => {
  const names = filesOf(/\.mjs$/)
  // The engine, the inside of threads, and the built-in plugins.
  expect(names).toHaveLength(3)
  const texts = names.map((name) => readFileSync(path.join(folder, name), 'utf8'))
  for (const text of texts) {
    expect(text).not.toMatch(/[^\0-\x7f]/)
    expect(text).not.toContain('iii-built-in:')
  }
})

it('waits for plugins that an engine is still compiling, and not for ever', { timeout: START_MS }, async () => {
  const other = path.join(cwd, 'other-cache')
  let looks = 0
  await untilCompiled(other, async () => {
    looks++
    if (looks === 3) cpSync(path.join(cache, 'plugins'), path.join(other, 'plugins'), { recursive: true })
  })
  expect(looks).toBe(3)
  await untilCompiled(path.join(cwd, 'empty-cache'), async () => looks++)
  expect(looks).toBe(3 + 29)
})

it('does not wait long for plugins that an engine does not use', { timeout: START_MS }, async () => {
  const other = path.join(cwd, 'cache-of-some')
  const compiled = readdirSync(path.join(cache, 'plugins'))
  let looks = 0
  const come = (name: string): void => {
    const files = compiled.filter((file) => file.startsWith(`${name}-`))
    expect(files).not.toEqual([])
    for (const file of files) cpSync(path.join(cache, 'plugins', file), path.join(other, 'plugins', file))
  }
  await untilCompiled(other, async () => {
    looks++
    if (looks === 7) come('state')
    if (looks === 11) come('queue')
  })
  expect(looks).toBe(11 + 5)
})

it.each([
  ['the file', THREAD_FILE],
  ['that of built-in plugins', BUILT_INS_FILE],
])(
  'runs threads from the sources where %s is torn, as after a power cut',
  { timeout: START_MS },
  async (_what, kind) => {
    expect(filesOf(kind)).not.toEqual([])
    for (const name of filesOf(kind)) writeFileSync(path.join(folder, name), 'export const addresses = {')
    const engine = await start()
    onTestFinished(() => engine.stop())
    expect(engine.text()).toMatch(/iii-state +running/)
    expect(engine.trigger('state::set', 'scope=a', 'key=b', 'value=c')).toContain('"new_value"')
    expect(engine.trigger('asker::refused')).toMatch(/"known": ?true/)
  },
)
