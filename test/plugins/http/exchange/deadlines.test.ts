// A request ends with 504 when its time is up, whichever of its timers runs first: its own, or that of a call that is made for it.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { Roster } from '../../../../base/values/roster.ts'
import { Exchange } from '../../../../plugins/http/exchange/exchange.ts'
import { ExchangeContext, type ExchangeHandle } from '../../../../plugins/http/exchange/exchange-context.ts'
import type { ExchangeServer } from '../../../../plugins/http/exchange/exchange-server.ts'
import { ownRoute } from '../../../../plugins/http/exchange/route.ts'
import type { ServerSpans } from '../../../../plugins/http/exchange/server-spans.ts'
import { readSettings, type HttpConfig } from '../../../../plugins/http/config.ts'
import { createApiRequest } from '../../../../plugins/http/request/api-request.ts'
import { InvocationError } from '../../../../sdk/errors.ts'
import type { TriggerRequest } from '../../../../sdk/plugin.ts'
import { collectingLog } from '../../../../testing/collecting-log.ts'
import { ManualClock, settled } from '../../../../testing/manual-clock.ts'

const exchangeSettings = (config: HttpConfig) => readSettings(config).exchange

/** The clock is held, and calls are answered by the test. */
function begin(config: HttpConfig) {
  const clock = new ManualClock()
  const log = collectingLog()
  const calls: { request: TriggerRequest; resolve(value?: unknown): void; reject(error: Error): void }[] = []
  const iii = {
    trigger: (request: TriggerRequest) =>
      new Promise((resolve, reject) => void calls.push({ request, resolve, reject })),
    offerChannel: () => ({ ref: {}, withdraw: () => true }),
  }
  const context = new ExchangeContext({
    iii: iii as unknown as ExchangeHandle,
    log,
    clock,
    isBound: () => true,
    settings: exchangeSettings(config),
    extras: {},
    spans: { begin: () => undefined } as unknown as ServerSpans,
  })
  const server: ExchangeServer = { isDraining: false, running: new Roster<Exchange, 'runningAt'>('runningAt') }
  const route = ownRoute('f', '/', 'GET')
  const api = createApiRequest({
    method: 'GET',
    target: '/',
    rawHeaders: [],
    apiPath: '/',
    routeMethod: 'GET',
    params: {},
  })
  const ask = (): ServerResponse => {
    const request = new IncomingMessage(new Socket())
    request.complete = true
    const response = new ServerResponse(request)
    new Exchange(context, server, request, response, { route, api, awaitsContinue: false }).start()
    return response
  }
  /** The call of this number is given up, as early as a handle may do so. */
  const giveUp = async (index: number): Promise<void> => {
    calls[index]!.reject(new InvocationError('TIMEOUT', 'invocation timed out', 'f'))
    await settled()
  }
  return { clock, log, context, calls, ask, response: ask(), giveUp }
}

it.each([1, 200, 29_999, 30_000, 30_001, 3_600_000])(
  'with %i ms a call is not given up before its request',
  async (default_timeout) => {
    const { calls, clock, response, giveUp, context } = begin({ default_timeout })
    expect(calls[0]!.request.timeoutMs).toBeGreaterThanOrEqual(default_timeout)
    // The timer of the request has not run though its time is up.
    context.timers.close()
    clock.move(default_timeout)
    await giveUp(0)
    expect(response.statusCode).toBe(504)
  },
)

it.each([
  [60_000, 30_000],
  [60_000, 100],
  [30_000, 100],
  [100, 30_000],
])('nor when the limit is changed from %i ms to %i ms while it is worked on', async (before, after) => {
  const middleware = [{ function_id: 'mw' }]
  const { calls, clock, log, response, giveUp, context } = begin({ default_timeout: before, middleware })
  clock.move(10)
  context.change(exchangeSettings({ default_timeout: after, middleware }))
  calls[0]!.resolve({ json: '{"action":"continue"}' })
  await settled()
  const { timeoutMs } = calls[1]!.request
  expect(timeoutMs).toBeGreaterThanOrEqual(before - 10)
  clock.move(before - 10)
  expect(response.statusCode).toBe(504)
  expect(log.lines.map(({ message }) => message)).toEqual([expect.stringContaining(`within ${before} ms`)])
  await giveUp(1)
  expect(response.statusCode).toBe(504)
})

it('a function that fails with this code of its own accord in time is a function that fails', async () => {
  const { clock, response, giveUp } = begin({})
  clock.move(29_999)
  await giveUp(0)
  expect(response.statusCode).toBe(500)
})

it('the time for which a request waits for its slot does not count', () => {
  const { clock, calls, ask, response } = begin({ default_timeout: 200, concurrency_request_limit: 1 })
  clock.move(50)
  const waiting = ask()
  expect(calls).toHaveLength(1)
  clock.move(150)
  expect(response.statusCode).toBe(504)
  expect(calls).toHaveLength(2)
  clock.move(199)
  expect(waiting.headersSent).toBe(false)
  clock.move(1)
  expect(waiting.statusCode).toBe(504)
})
