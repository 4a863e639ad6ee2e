// Requests that are made once more: only where that was asked for, and only in time.
import { describe, expect, test } from 'vitest'
import { ManualClock, settled } from '../../../testing/index.ts'
import { apiServer, type ApiHandler } from './api-server.ts'
import { OPEN, runHttpFunctions, type HttpFunctionsRun, type Invocation } from './run-http-functions.ts'

/** Fails so often, then answers how often it was asked. */
function failing(times: number, status = 503, headers: Record<string, string> = {}): ApiHandler {
  let asked = 0
  return (_request, response) => {
    asked++
    if (asked > times) return { asked }
    response.writeHead(status, headers).end()
  }
}

const QUICK = { attempts: 3, backoff_ms: 1 }

async function scene(
  handler: ApiHandler,
  invocation: Omit<Invocation, 'url'> & { readonly [member: string]: unknown },
): Promise<HttpFunctionsRun & { asked(): number }> {
  const api = await apiServer(handler)
  const run = await runHttpFunctions()
  await run.register({ url: api.url, ...invocation })
  return { ...run, asked: () => api.requests.length }
}

describe('without retry', () => {
  test.each(['GET', 'PUT', 'DELETE', 'POST'])('a failed %s stands', async (method) => {
    const run = await scene(failing(1), { method })
    expect(await run.failure()).toMatchObject({ code: 'http_error' })
    expect(run.asked()).toBe(1)
  })
})

describe('with retry', () => {
  test.each(['GET', 'PUT', 'DELETE'])('a failed %s is made once more', async (method) => {
    const run = await scene(failing(2), { method, retry: QUICK })
    expect(await run.call()).toEqual({ asked: 3 })
  })

  test.each(['POST', 'PATCH'])('a failed %s stands', async (method) => {
    const run = await scene(failing(1), { method, retry: QUICK })
    expect((await run.failure()).message).toBe('HTTP 503 Service Unavailable')
    expect(run.asked()).toBe(1)
  })

  test('a failed POST is made once more where it says that it may be', async () => {
    const run = await scene(failing(1), { method: 'POST', retry: { ...QUICK, non_idempotent: true } })
    expect(await run.call()).toEqual({ asked: 2 })
  })

  test('a POST that nobody has seen is made once more', async () => {
    const api = await apiServer()
    const { url } = api
    await api.close()
    let lookups = 0
    const resolve = async () => {
      lookups++
      return [{ address: '127.0.0.1', family: 4 }]
    }
    const run = await runHttpFunctions({ resolve })
    await run.register({ url: url.replace('127.0.0.1', 'api.example'), retry: QUICK })
    expect(await run.failure()).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') })
    expect(lookups).toBe(3)
  })

  test.each([408, 429, 500, 502, 503, 504])('%i is repeated', async (status) => {
    const run = await scene(failing(1, status), { method: 'GET', retry: QUICK })
    expect(await run.call()).toEqual({ asked: 2 })
  })

  test.each([400, 401, 403, 404, 409, 422, 501, 302])('%i stands', async (status) => {
    const run = await scene(failing(1, status), { method: 'GET', retry: QUICK })
    await run.call().catch(() => {})
    expect(run.asked()).toBe(1)
  })

  test('a connection that breaks is repeated, an answer that makes no sense is not', async () => {
    let count = 0
    const broken = await scene(
      (_request, response) => (count++ === 0 ? void response.socket!.resetAndDestroy() : 'there'),
      { method: 'GET', retry: QUICK },
    )
    expect(await broken.call()).toBe('there')
    const odd = await scene((_request, response) => void response.end('odd'), { method: 'GET', retry: QUICK })
    expect(await odd.failure()).toMatchObject({ code: 'invalid_response' })
    expect(odd.asked()).toBe(1)
  })

  test('the last outcome counts when all attempts are used up', async () => {
    const run = await scene(failing(9, 502), { method: 'GET', retry: QUICK })
    expect((await run.failure()).message).toBe('HTTP 502 Bad Gateway')
    expect(run.asked()).toBe(3)
  })

  test('all attempts have one invocation id', async () => {
    const ids: unknown[] = []
    const handler = failing(2)
    const run = await scene(
      (request, response) => {
        ids.push(request.headers['x-iii-invocation-id'])
        return handler(request, response)
      },
      { method: 'GET', retry: QUICK },
    )
    await run.call()
    expect([ids.length, new Set(ids).size]).toEqual([3, 1])
  })
})

describe('the wait', () => {
  /** Moves the clock until the call is over, and says at which times requests came. */
  async function timesOf(
    handler: ApiHandler,
    invocation: object,
    random: () => number = () => 1,
  ): Promise<{ times: number[]; outcome: unknown }> {
    const clock = new ManualClock()
    const times: number[] = []
    const api = await apiServer((request, response) => {
      times.push(clock.passed())
      return handler(request, response)
    })
    const run = await runHttpFunctions({ clock, random })
    await run.register({ url: api.url, method: 'GET', ...invocation })
    const over = new AbortController()
    const ended = run
      .call()
      .catch(({ message }: Error) => message)
      .finally(() => over.abort())
    while (!over.signal.aborted) {
      const asked = times.length
      await settled()
      // Nothing happens any more but by time: the answer was read, and what waits are the deadline and the next attempt.
      if (asked === times.length && clock.waiting > 1) await clock.pass(10)
      else await new Promise((resolve) => setImmediate(resolve))
    }
    return { times, outcome: await ended }
  }

  test('doubles up to the longest one', async () => {
    const retry = { attempts: 5, backoff_ms: 100, max_backoff_ms: 300 }
    expect((await timesOf(failing(4), { retry })).times).toEqual([0, 100, 300, 600, 900])
  })

  test('is between half and all of that', async () => {
    const { times } = await timesOf(failing(1), { retry: { attempts: 2, backoff_ms: 100 } }, () => 0)
    expect(times).toEqual([0, 50])
  })

  test.each([
    ['in seconds', '1', 1_000],
    ['as a date', 'Thu, 01 Jan 2026 00:00:02 GMT', 2_000],
    ['that makes no sense', 'soon', 100],
    ['in the past', 'Thu, 01 Jan 2015 00:00:02 GMT', 100],
  ])('is as long as Retry-After says %s', async (_what, value, ms) => {
    const { times } = await timesOf(failing(1, 429, { 'retry-after': value }), {
      retry: { attempts: 2, backoff_ms: 100 },
    })
    expect(times).toEqual([0, ms])
  })

  test('that is longer than what is left ends the attempts', async () => {
    const { times, outcome } = await timesOf(failing(9, 503, { 'retry-after': '60' }), {
      retry: { attempts: 3 },
      timeout_ms: 5_000,
    })
    expect(times).toEqual([0])
    expect(outcome).toContain('HTTP 503 Service Unavailable')
  })

  test('ends with the time of the call', async () => {
    const { times, outcome } = await timesOf(failing(9), {
      retry: { attempts: 10, backoff_ms: 400, max_backoff_ms: 400 },
      timeout_ms: 1_000,
    })
    expect(times).toEqual([0, 400, 800])
    expect(outcome).toContain('HTTP 503 Service Unavailable')
  })
})

test('Settings that change between two attempts count for the second', async () => {
  const clock = new ManualClock()
  const api = await apiServer(failing(9))
  const run = await runHttpFunctions({ clock })
  await run.register({ url: api.url, method: 'GET', retry: { attempts: 3, backoff_ms: 100 } })
  const failure = run.failure()
  // The deadline and the wait.
  await expect.poll(() => clock.waiting).toBe(2)
  await run.host.reconfigure({ security: { ...OPEN, url_allowlist: ['127.0.0.1'] } })
  await clock.pass(100)
  await expect.poll(() => clock.waiting).toBe(2)
  expect(api.requests).toHaveLength(2)
  await run.host.reconfigure({ security: { ...OPEN, url_allowlist: ['other.example'] } })
  await clock.pass(200)
  expect(await failure).toMatchObject({ code: 'url_validation_failed' })
  expect(api.requests).toHaveLength(2)
})
