// Circuit breakers: closed, open, half open.
import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { Circuits, MAX_CIRCUITS, type CircuitState } from '../../../plugins/http-functions/exchange/circuits.ts'
import { ManualClock } from '../../../testing/index.ts'
import { apiServer } from './api-server.ts'
import { runHttpFunctions } from './run-http-functions.ts'

const RULE = { failures: 2, openMs: 1_000 }

function circuits(clock = new ManualClock()) {
  const changes: [string, CircuitState][] = []
  const all = new Circuits({ clock, onChange: (host, state) => void changes.push([host, state]) })
  const fail = (host = 'a'): void => all.admit(host, RULE).failed('HTTP 500')
  return { all, changes, clock, fail }
}

describe('a circuit', () => {
  test('opens after failures one after the other, and not before', () => {
    const { all, changes, fail } = circuits()
    fail()
    all.admit('a', RULE).succeeded()
    fail()
    expect(changes).toEqual([])
    fail()
    expect(changes).toEqual([['a', 'open']])
    expect(() => all.admit('a', RULE)).toThrow(
      expect.objectContaining({
        code: 'circuit_open',
        message:
          'the circuit of a is open after 2 failures one after the other, and it is tried again in 1000 ms; the request was not made',
      }),
    )
    expect(all.troubled).toEqual([{ host: 'a', state: 'open', refused: 1 }])
    all.admit('b', RULE).succeeded()
  })

  test('lets one request through after a while, which closes it', async () => {
    const { all, changes, clock, fail } = circuits()
    fail()
    fail()
    await clock.pass(999)
    expect(() => all.admit('a', RULE)).toThrow('it is tried again in 1 ms')
    await clock.pass(1)
    const trial = all.admit('a', RULE)
    expect(() => all.admit('a', RULE)).toThrow('a first request to it is under way')
    trial.succeeded()
    all.admit('a', RULE).succeeded()
    expect(changes.map(([, state]) => state)).toEqual(['open', 'half_open', 'closed'])
    expect(all.troubled).toEqual([])
  })

  test('opens again when that one fails', async () => {
    const { all, changes, clock, fail } = circuits()
    fail()
    fail()
    await clock.pass(1_000)
    fail()
    expect(changes.map(([, state]) => state)).toEqual(['open', 'half_open', 'open'])
    await clock.pass(999)
    expect(() => all.admit('a', RULE)).toThrow('it is tried again in 1 ms')
  })

  test('tries the next one when that one says nothing', async () => {
    const { all, clock, fail } = circuits()
    fail()
    fail()
    await clock.pass(1_000)
    all.admit('a', RULE).undecided()
    all.admit('a', RULE).succeeded()
    expect(all.troubled).toEqual([])
  })

  test('is not closed by a request that began before it opened and ended late', () => {
    const { all, fail } = circuits()
    const early = all.admit('a', RULE)
    fail()
    fail()
    early.succeeded()
    expect(all.troubled).toMatchObject([{ state: 'open' }])
  })

  test('is forgotten when there are too many, the one first that was used longest ago', () => {
    const { all, fail } = circuits()
    fail('first')
    fail('second')
    for (let count = 0; count < MAX_CIRCUITS - 2; count++) all.admit(`host${count}`, RULE).succeeded()
    fail('first')
    expect(all.troubled).toMatchObject([{ host: 'first' }])
    all.admit('one more', RULE).succeeded()
    fail('second')
    expect(all.troubled).toMatchObject([{ host: 'first' }])
  })
})

test('An endpoint that keeps failing is left alone, seen in log and health, and tried again', async () => {
  const clock = new ManualClock()
  const api = await apiServer((_request, response) => void response.writeHead(500).end())
  const run = await runHttpFunctions({ clock, config: { circuit_breaker: { failures: 3, open_ms: 5_000 } } })
  await run.register({ url: `${api.url}/a` })
  await run.register({ url: `${api.url}/b` }, 'g')
  await run.register({ url: `${api.url}/c`, circuit_breaker: { failures: 100 } }, 'patient')
  for (const id of ['f', 'g', 'f']) expect(await run.failure({}, id)).toMatchObject({ code: 'http_error' })
  expect(await run.failure({}, 'g')).toMatchObject({ code: 'circuit_open' })
  expect(api.requests).toHaveLength(3)
  const host = `127.0.0.1:${api.port}`
  expect(run.host.health.get('http-circuits')).toEqual({
    status: 'degraded',
    details: { not_closed: 1, hosts: [{ host, state: 'open', refused: 0 }] },
  })
  api.handler = () => 'well'
  await clock.pass(5_000)
  expect(await run.call({}, 'g')).toBe('well')
  expect(run.host.health.get('http-circuits')).toMatchObject({ status: 'healthy' })
  expect(
    run.host.log.lines
      .filter(({ message }) => message.startsWith('circuit'))
      .map(({ level, message }) => [level, message]),
  ).toEqual([
    ['warn', `circuit of ${host} open: 3 failures one after the other, the last: HTTP 500`],
    ['info', `circuit of ${host} half open: 5000 ms have passed, one request is tried`],
    ['info', `circuit of ${host} closed: it answers again; 1 requests were refused meanwhile`],
  ])
})

test.each([
  ['a status below 500', (response: ServerResponse) => response.writeHead(404).end()],
  ['an answer that is no JSON', (response: ServerResponse) => response.end('odd')],
])('Its endpoint has not failed with %s', async (_what, answer) => {
  const api = await apiServer((_request, response) => void answer(response))
  const run = await runHttpFunctions({ config: { circuit_breaker: { failures: 1 } } })
  await run.register({ url: api.url })
  await run.failure()
  expect((await run.failure()).code).not.toBe('circuit_open')
})

test.each([
  ['a time-out', { timeout_ms: 30 }, () => undefined],
  ['a broken connection', {}, (response: ServerResponse) => void response.socket!.resetAndDestroy()],
])('Its endpoint has failed with %s', async (_what, more, answer) => {
  const api = await apiServer((_request, response) => answer(response))
  const run = await runHttpFunctions({ config: { circuit_breaker: { failures: 1 } } })
  await run.register({ url: api.url, ...more })
  expect(await run.failure()).toMatchObject({ code: 'http_request_failed' })
  expect(await run.failure()).toMatchObject({ code: 'circuit_open' })
})
