// What keeps the engine from starting is said clearly: which file or port, and what to do; nothing is lost by the attempt.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished, vi } from 'vitest'
import { within } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { RawWorker } from '../network/raw-worker.ts'

vi.setConfig({ testTimeout: 30_000 })

const LAUNCHER = fileURLToPath(new URL('../../../bin/iii.mjs', import.meta.url))
const END_MS = 20_000
const STACK_TRACE = /^\s+at .+:\d+:\d+\)?$/m

interface Refusal {
  readonly code: number | null
  readonly output: string
}

/** Starts the engine in the folder and waits until it has given up. */
async function refusedStart(dir: string): Promise<Refusal> {
  const child = spawn(process.execPath, [LAUNCHER, 'start', '--no-watch'], {
    cwd: dir,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await within(END_MS, `the end of the engine; it said:\n${output}`, once(child, 'close'))) as [
    number | null,
  ]
  return { code, output }
}

async function project(config: string): Promise<string> {
  const dir = tempFolder()
  await writeFile(join(dir, 'iii-config.yaml'), config)
  return dir
}

const listener = (port: number): string => `workers:\n  - name: iii-worker-manager\n    config: { port: ${port} }\n`

/** Every refusal: an exit code for scripts, words for people and no stack trace of ours. */
function expectRefusal({ code, output }: Refusal, ...words: (string | RegExp)[]): void {
  expect(code).toBeGreaterThan(0)
  for (const word of words) expect(output).toMatch(word)
  expect(output).not.toMatch(STACK_TRACE)
  expect(output).not.toContain('Listening:')
}

it('a port in use is named, with what to change, and its owner is left alone', async () => {
  const owner = createServer()
  owner.listen(0, '127.0.0.1')
  await once(owner, 'listening')
  onTestFinished(() => void owner.close())
  const { port } = owner.address() as AddressInfo
  const refusal = await refusedStart(await project(listener(port)))
  expectRefusal(refusal, `127.0.0.1:${port}`, 'already in use', /'port'/)
  expect(owner.listening).toBe(true)
})

it('a second engine on the same port and data says so, and the first serves on', async () => {
  const folder = await engineFolder()
  onTestFinished(() => folder.remove())
  await folder.start({ args: ['--no-watch'] })
  const worker = await RawWorker.connect(folder.url)
  onTestFinished(() => worker.drop())
  await worker.result('state::set', { scope: 's', key: 'k', value: 1 })
  expectRefusal(await refusedStart(folder.dir), /in use|locked/)
  expect(await worker.result('state::get', { scope: 's', key: 'k' })).toBe(1)
})

it('an engine on another port that would share the data folder is refused, and names the file', async () => {
  const folder = await engineFolder()
  onTestFinished(() => folder.remove())
  await folder.start({ args: ['--no-watch'] })
  const worker = await RawWorker.connect(folder.url)
  onTestFinished(() => worker.drop())
  await worker.result('state::set', { scope: 's', key: 'k', value: 1 })
  await folder.write('iii-config.yaml', `${listener(await unusedPort())}  - name: iii-state\n`)
  expectRefusal(await refusedStart(folder.dir), folder.dir, /another|in use|locked/)
  expect(await worker.result('state::get', { scope: 's', key: 'k' })).toBe(1)
})

it('bad YAML is named by file and line', async () => {
  const text = 'workers:\n  - name: iii-worker-manager\n    config: { port: 1\n  - name: [\n'
  const dir = await project(text)
  expectRefusal(await refusedStart(dir), 'iii-config.yaml', /:\d+|line \d+/)
  expect(await readFile(join(dir, 'iii-config.yaml'), 'utf8')).toBe(text)
})

it('a configuration that the schema of a built-in does not allow is named by file, entry and key', async () => {
  const dir = await project(`${listener(await unusedPort())}  - name: iii-state\n    config: { max_value_bytez: 5 }\n`)
  expectRefusal(await refusedStart(dir), 'iii-config.yaml', 'iii-state', 'max_value_bytez')
})

it('an unknown key of a listener is named', async () => {
  const dir = await project('workers:\n  - name: iii-worker-manager\n    config: { prot: 49134 }\n')
  expectRefusal(await refusedStart(dir), 'iii-config.yaml', 'iii-worker-manager', 'prot')
})

it('a user plugin with a bad configuration is named with the key, and the rest runs', async () => {
  const folder = await engineFolder('  - name: greet\n    config: { greting: 1 }\n')
  onTestFinished(() => folder.remove())
  await folder.write(
    'plugins/greet.ts',
    `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: 'greet',
  config: { type: 'object', properties: { greeting: { type: 'string' } }, additionalProperties: false },
  start({ iii }) { iii.registerFunction('greet::hello', async () => 'hello') },
})
`,
  )
  const engine = await folder.start({ args: ['--no-watch'] })
  await engine.waitForOutput(/greting/)
  expect(engine.output()).toMatch(/greet/)
  const worker = await RawWorker.connect(folder.url)
  onTestFinished(() => worker.drop())
  const { plugins } = (await worker.result('engine::plugins::list', {})) as {
    plugins: { name: string; state: string }[]
  }
  expect(plugins.find(({ name }) => name === 'greet')).toMatchObject({ state: 'failed' })
  expect(await worker.result('engine::health::check', {})).toBeTruthy()
})

it('a data folder that cannot be made is named', async () => {
  const dir = await project(`${listener(await unusedPort())}  - name: iii-state\n`)
  // A regular file where the folder is to be: no user, not even root, can write below it.
  await writeFile(join(dir, 'data'), 'in the way')
  expectRefusal(await refusedStart(dir), join(dir, 'data'))
  expect(await readFile(join(dir, 'data'), 'utf8')).toBe('in the way')
})

it('a damaged database is named with the remedy, and not touched', async () => {
  const folder = await engineFolder()
  onTestFinished(() => folder.remove())
  const first = await folder.start({ args: ['--no-watch'] })
  const worker = await RawWorker.connect(folder.url)
  for (let key = 0; key < 200; key++)
    await worker.result('state::set', { scope: 's', key: `k${key}`, value: 'v'.repeat(500) })
  await worker.close()
  expect(await first.stop()).toBe(0)
  const [file] = await databases(folder.dir)
  if (file === undefined) throw new Error('the engine left no database')
  const damaged = await readFile(file)
  damaged.fill(0xab, 0, 4096)
  await writeFile(file, damaged)
  expectRefusal(await refusedStart(folder.dir), file, /damaged|corrupt/, /restore|move|backup|back up/i)
  expect((await readFile(file)).equals(damaged)).toBe(true)
})

it('a database that is a folder is named', async () => {
  const folder = await engineFolder()
  onTestFinished(() => folder.remove())
  const first = await folder.start({ args: ['--no-watch'] })
  expect(await first.stop()).toBe(0)
  const [file] = await databases(folder.dir)
  if (file === undefined) throw new Error('the engine left no database')
  const other = tempFolder()
  await writeFile(join(other, 'iii-config.yaml'), `${listener(folder.port)}  - name: iii-state\n`)
  await mkdir(join(other, file.slice(folder.dir.length)), { recursive: true })
  expectRefusal(await refusedStart(other), join(other, file.slice(folder.dir.length)))
})

async function databases(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && /\.(db|sqlite3?)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}
