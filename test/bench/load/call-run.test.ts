import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { expect, onTestFinished, test } from 'vitest'
import { CallHistory, runCalls } from '../../../bench/load/call-run.ts'
import { Caller } from '../../../bench/load/caller.ts'
import { EchoCallee } from '../../../bench/load/echo-callee.ts'
import type { CallJob } from '../../../bench/load/load-job.ts'
import { describeWorkload, STATE_KEYS } from '../../../bench/load/workload.ts'
import { TargetProcess } from '../../../bench/targets/target-process.ts'
import { startProtocolServer, type Message } from './protocol-server.ts'

const JOB: Omit<CallJob, 'url'> = {
  kind: 'call',
  targetPid: undefined,
  warmupMs: 50,
  durationMs: 200,
  workload: 'echo',
  functionId: 'bench::echo',
  providesFunction: true,
  payloadBytes: 150,
  inFlight: 16,
  rate: undefined,
}

async function startTarget(file: 'naive-router' | 'ws-echo' | 'relay'): Promise<TargetProcess> {
  const target = await TargetProcess.start({ file, args: [], cpus: undefined })
  onTestFinished(() => target.stop())
  return target
}

test('calls through the naive router are answered, and every counted answer was right', async () => {
  const target = await startTarget('naive-router')
  const result = await runCalls({ ...JOB, url: target.url, targetPid: target.pid }, new CallHistory())
  expect(result.verified).toBeGreaterThan(100)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
  expect(result.parsedShare).toBeLessThan(0.05)
  expect(result.elapsedMs).toBeGreaterThanOrEqual(199)
  const { p50, p99, p999, max } = result.latencyMicros
  expect([p50, p99, p999, max]).toEqual([p50, p99, p999, max].toSorted((a, b) => a - b))
  expect(p50).toBeGreaterThan(0)
})

test.each([4096, 65_536])('payloads of %i bytes arrive whole', async (payloadBytes) => {
  const target = await startTarget('naive-router')
  const result = await runCalls({ ...JOB, url: target.url, payloadBytes }, new CallHistory())
  expect(result.verified).toBeGreaterThan(5)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
})

test('a WebSocket echo is counted frame by frame', async () => {
  const target = await startTarget('ws-echo')
  const job = { ...JOB, url: target.url, workload: 'mirror', providesFunction: false } as const
  const result = await runCalls(job, new CallHistory())
  expect(result.verified).toBeGreaterThan(100)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
})

test('the relay passes calls and answers', async () => {
  const target = await startTarget('relay')
  const result = await runCalls({ ...JOB, url: target.url }, new CallHistory())
  expect(result.verified).toBeGreaterThan(100)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
})

test('an open loop starts the calls at its rate', async () => {
  const target = await startTarget('naive-router')
  const result = await runCalls({ ...JOB, url: target.url, rate: 500, durationMs: 400 }, new CallHistory())
  expect(result.verified).toBeGreaterThan(50)
  expect(result.verified).toBeLessThan(400)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
})

test('an open loop counts the time that a stalled target kept calls waiting', async () => {
  let stalled = false
  const url = await startProtocolServer((answer) => {
    if (!stalled) {
      stalled = true
      standStill(150)
    }
    return [answer]
  })
  const result = await runCalls({ ...JOB, url, rate: 200, warmupMs: 0, durationMs: 400 }, new CallHistory())
  expect(result.wrong).toEqual({})
  // About 30 calls were due during the stall; without the correction only the one that met it would show.
  expect(result.latencyMicros.p99).toBeGreaterThan(50_000)
})

/** Nothing at all happens in this process, neither on the server nor in the generator's timers. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

const withResult = (answer: Message, change: Message): Message => ({
  ...answer,
  result: { ...(answer['result'] as Message), ...change },
})

test.each<[what: string, tamper: (answer: Message, count: number) => Message[], reason: string]>([
  ['another number', (answer) => [withResult(answer, { n: 1 })], 'wrong_value'],
  ['a changed payload', (answer) => [withResult(answer, { pad: '' })], 'wrong_value'],
  ['no result', ({ result: _, ...answer }) => [answer], 'wrong_value'],
  ['an error', (answer) => [{ ...answer, error: { code: 'overloaded', message: 'no' } }], 'overloaded'],
  ['a second answer', (answer) => [answer, answer], 'unexpected_answer'],
])('%s is not counted as an answer', async (_, tamper, reason) => {
  let count = 0
  let tampered = 0
  const url = await startProtocolServer((answer) => {
    count++
    if (count % 10 !== 0) return [answer]
    tampered++
    return tamper(answer, count)
  })
  const result = await runCalls({ ...JOB, url, warmupMs: 0 }, new CallHistory())
  expect(tampered).toBeGreaterThan(0)
  expect(result.wrong).toEqual({ [reason]: tampered })
})

test('a target that only gives wrong answers ends the run', async () => {
  const url = await startProtocolServer((answer) => [withResult(answer, { n: 1 })])
  const run = runCalls({ ...JOB, url, inFlight: 1024, durationMs: 20_000 }, new CallHistory())
  await expect(run).rejects.toThrow('bench::echo gives wrong answers, 10000 so far: wrong_value')
})

test('a function that somebody else answers is not measured', async () => {
  const url = await startProtocolServer()
  const payload = 150
  const first = await EchoCallee.start(url, 'bench::echo', payload, () => {})
  onTestFinished(() => first.close())
  // The server gives all calls to whoever registered last.
  const run = runCalls({ ...JOB, url }, new CallHistory())
  const last = await EchoCallee.start(url, 'bench::echo', payload, () => {})
  onTestFinished(() => last.close())
  await expect(run).rejects.toThrow('reached the worker of this run')
})

test('a target that goes away ends the run', async () => {
  let count = 0
  const url = await startProtocolServer((answer) => (++count < 100 ? [answer] : 'cut'))
  const run = runCalls({ ...JOB, url, durationMs: 20_000 }, new CallHistory())
  await expect(run).rejects.toThrow('closed the connection')
})

test('a state workload expects what was stored under the key, and stores no value twice', async () => {
  const store = new Map<string, unknown>()
  const values = new Set<unknown>()
  const url = await startStateServer(store, values)
  const history = new CallHistory()
  const base = { ...JOB, url, providesFunction: false, warmupMs: 0 } as const
  const set = await runCalls({ ...base, workload: 'state-set', functionId: 'state::set' }, history)
  expect(set.verified).toBeGreaterThan(10)
  expect(set.wrong).toEqual({})
  expect(values.size).toBe(history.nextSequence - 1)

  const get = await runCalls({ ...base, workload: 'state-get', functionId: 'state::get', payloadBytes: 200 }, history)
  expect(get.verified).toBeGreaterThan(10)
  expect(get.wrong).toEqual({})
  expect(store.size).toBeGreaterThanOrEqual(STATE_KEYS)
})

test('stream::set expects what it stored under the item, whatever state::set stored under the key', async () => {
  const store = new Map<string, unknown>()
  const url = await startStateServer(store, new Set())
  const history = new CallHistory()
  const base = { ...JOB, url, providesFunction: false, warmupMs: 0 } as const
  for (const name of ['state-set', 'stream-set', 'state-set', 'stream-set'] as const) {
    const job = { ...base, workload: name, functionId: name.replace('-', '::') } as const
    const result = await runCalls(job, history)
    expect(result.verified).toBeGreaterThan(10)
    expect(result.wrong).toEqual({})
  }
  expect([...store.keys()].filter((place) => place.startsWith('bench-150/all/k'))).not.toEqual([])
})

test('a state that answers with an older value is found out', async () => {
  let reads = 0
  let stale = 0
  const url = await startStateServer(new Map(), new Set(), (value) => {
    if (++reads % 50 !== 0) return value
    stale++
    return { ...(value as object), n: 1 }
  })
  const job = { ...JOB, url, workload: 'state-get', functionId: 'state::get', providesFunction: false } as const
  const result = await runCalls(job, new CallHistory())
  expect(stale).toBeGreaterThan(0)
  expect(result.wrong).toEqual({ wrong_value: stale })
})

test('a number of calls can be asked for', async () => {
  const { url } = await startTarget('ws-echo')
  const workload = describeWorkload('mirror', 'bench::echo', 150)
  const ended = Promise.withResolvers<never>()
  const caller = await Caller.open(url, workload, 1, new Uint32Array(STATE_KEYS), ended.reject)
  onTestFinished(() => caller.close())
  caller.startClosed(8, 100)
  await Promise.race([caller.idle(), ended.promise])
  expect(caller.takeCounts()).toMatchObject({ verified: 100, wrong: new Map() })
  expect(caller.sequence).toBe(101)
})

interface Input {
  readonly scope: string
  readonly key: string
  readonly value?: { readonly n: number }
  readonly stream_name?: string
  readonly group_id?: string
  readonly item_id?: string
  readonly data?: unknown
}

function placeOf({ scope, key, stream_name, group_id, item_id }: Input): string {
  return stream_name === undefined ? `${scope}/${key}` : `${stream_name}/${group_id}/${item_id}`
}

/** Answers `state::set`, `state::get` and `stream::set` itself. */
async function startStateServer(
  store: Map<string, unknown>,
  values: Set<unknown>,
  read: (value: unknown) => unknown = (value) => value,
): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (socket) =>
    socket.on('message', (data) => {
      const {
        invocation_id,
        function_id,
        data: input,
      } = JSON.parse(String(data)) as {
        invocation_id: string
        function_id: string
        data: Input
      }
      const place = placeOf(input)
      const old_value = store.get(place) ?? null
      let result: unknown
      if (function_id === 'stream::set') {
        store.set(place, input.data)
        result = { old_value, new_value: input.data }
      } else if (function_id === 'state::set') {
        store.set(place, input.value)
        values.add(input.value?.n)
        result = { old_value, new_value: input.value }
      } else {
        result = read(old_value)
      }
      socket.send(JSON.stringify({ type: 'invocationresult', invocation_id, function_id, result }))
    }),
  )
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}
