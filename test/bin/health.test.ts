import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { unusedPort } from '../support/unused-port.ts'
import { FakeEngine } from './fake-engine.ts'
import { runCli } from './run-cli.ts'

const WELL = { status: 'healthy', details: null }
const HEALTHY = { status: 'healthy', components: { router: WELL }, timestamp: 1, version: '9.9.9' }
const BROKEN = { status: 'degraded', details: { error: 'hello: no such file' } }
const DEGRADED = { ...HEALTHY, status: 'degraded', components: { config: WELL, plugins: BROKEN } }

let engine: FakeEngine
beforeAll(async () => {
  engine = await FakeEngine.start()
})
afterAll(() => engine[Symbol.asyncDispose]())

const health = (...args: string[]) => runCli(['health', ...engine.at, ...args])

it('ends with 0 and one line while all is well', async () => {
  engine.answers.set('engine::health::check', { result: HEALTHY })
  expect(await health()).toMatchObject({ code: 0, stdout: 'healthy  iii-host 9.9.9\n', stderr: '' })
})

it('ends with 1 when something is not, and names it with its reason', async () => {
  engine.answers.set('engine::health::check', { result: DEGRADED })
  expect(await health()).toMatchObject({
    code: 1,
    stdout: 'degraded  iii-host 9.9.9\n  plugins  degraded  hello: no such file\n',
  })
})

it('shows what is known of a part that gives its reason in figures', async () => {
  const circuits = { status: 'degraded', details: { hosts: [{ host: 'a.example:443', state: 'open', refused: 7 }] } }
  const server = { status: 'degraded', details: { problem: 'address taken' } }
  const components = { 'http-circuits': circuits, server, telemetry: { status: 'degraded', details: null } }
  engine.answers.set('engine::health::check', { result: { ...DEGRADED, components } })
  const { stdout } = await health()
  expect(stdout.split('\n').slice(1, 4)).toEqual([
    '  http-circuits  degraded  {"hosts":[{"host":"a.example:443","state":"open","refused":7}]}',
    '  server         degraded  address taken',
    '  telemetry      degraded',
  ])
})

it('is called status, too', async () => {
  engine.answers.set('engine::health::check', { result: HEALTHY })
  expect(await runCli(['status', ...engine.at])).toMatchObject({ code: 0, stdout: 'healthy  iii-host 9.9.9\n' })
})

it('ends with 0 for a degraded engine where that is allowed', async () => {
  engine.answers.set('engine::health::check', { result: DEGRADED })
  expect((await health('--allow-degraded')).code).toBe(0)
})

it('prints the report as it came with --json, with the same exit code', async () => {
  engine.answers.set('engine::health::check', { result: DEGRADED })
  const { code, stdout } = await health('--json')
  expect({ code, report: JSON.parse(stdout) as unknown }).toEqual({ code: 1, report: DEGRADED })
})

it('ends with 3 where nothing listens, and says where it looked', async () => {
  const port = String(await unusedPort())
  const { code, stdout, stderr } = await runCli(['health', '--address', '127.0.0.1', '--port', port])
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  expect(stderr).toContain(`no connection to an engine at ws://127.0.0.1:${port}`)
})

it.each(['silence', 'hang-up'] as const)('ends with 3 when the engine answers by %s', async (answer) => {
  engine.answers.set('engine::health::check', answer)
  const { code, stderr } = await health('--timeout-ms', '300')
  expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringMatching(/^Error: (timeout|the connection)/) })
})

it('ends with 3 while the engine lets nobody in, and says that its plugins start', async () => {
  const starting = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => void starting.close())
  await once(starting, 'listening')
  const port = String((starting.address() as AddressInfo).port)
  const { code, stderr } = await runCli(['health', '--address', '127.0.0.1', '--port', port, '--timeout-ms', '1000'])
  expect({ code, stderr }).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('when all its plugins have started'),
  })
})

it('waits five seconds unless told otherwise', async () => {
  expect((await runCli(['health', '--help'])).stdout).toContain('(Default: 5000)')
})

it.each([
  ['an answer that is no report', { result: { ok: true } }],
  ['an error', { error: { code: 'FORBIDDEN', message: 'not for you' } }],
])('ends with 1 for %s', async (_what, answer) => {
  engine.answers.set('engine::health::check', answer)
  const { code, stdout } = await health()
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
})

it.each([['now'], ['--prot', '1'], ['--port', 'x']])(
  'ends with 2 for a command line that it can not take: %s',
  async (...args) => {
    expect((await runCli(['health', ...args])).code).toBe(2)
  },
)
