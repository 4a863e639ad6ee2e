// When the OpenAPI document is made anew.
import { expect, it } from 'vitest'
import { KEPT_MS, KEPT_TIMES, ServedDocument } from '../../../../plugins/http/extras/openapi/served-document.ts'
import { headerOf } from '../../../../plugins/http/response/answer.ts'
import { ManualClock } from '../../../../testing/index.ts'

function scene() {
  const clock = new ManualClock()
  let listings = 0
  let failure: Error | undefined
  let takesMs = 0
  const routes: string[] = []
  const served = new ServedDocument({
    iii: {
      async trigger() {
        listings++
        if (failure !== undefined) throw failure
        clock.move(takesMs)
        return { functions: [{ function_id: 'f', namespace: 'n1', description: 'Of n1' }] }
      },
    } as never,
    clock,
    routes: () =>
      routes.map((pattern) => ({
        method: 'GET',
        pattern,
        functionId: 'f',
        namespace: 'n1',
        metadata: undefined,
        isValidated: false,
      })),
    options: () => ({ title: 'T', version: '1', description: undefined, servers: [], errorShape: 'envelope' }),
  })
  return {
    clock,
    routes,
    listings: () => listings,
    take: (ms: number) => (takesMs = ms),
    fail: (error: Error | undefined) => (failure = error),
    ask: async (ifNoneMatch?: string) => {
      const answer = await served.answer({ method: 'GET', headers: { 'if-none-match': ifNoneMatch } })
      return { ...answer, etag: headerOf(answer.headers, 'etag') }
    },
  }
}

it('it is made once in a while, and shows what has changed', async () => {
  const { clock, routes, listings, ask } = scene()
  const [first, same] = await Promise.all([ask(), ask()])
  expect(listings()).toBe(1)
  expect(same.etag).toBe(first.etag)
  expect((await ask(first.etag)).status).toBe(304)
  routes.push('/a')
  expect((await ask()).body).toBe(first.body)
  clock.move(KEPT_MS)
  const changed = await ask(first.etag)
  expect(changed.status).toBe(200)
  expect(JSON.parse(changed.body as string)).toMatchObject({ paths: { '/a': { get: { description: 'Of n1' } } } })
  expect(listings()).toBe(2)
})

it('one that takes long to make is made less often', async () => {
  const { clock, listings, take, ask } = scene()
  take(KEPT_MS)
  await ask()
  clock.move(KEPT_TIMES * KEPT_MS - 1)
  await ask()
  expect(listings()).toBe(1)
  clock.move(1)
  await ask()
  expect(listings()).toBe(2)
})

it('an engine that does not answer is told, and asked again', async () => {
  const { fail, ask } = scene()
  fail(new Error('busy'))
  expect(await ask()).toMatchObject({ status: 503, body: expect.stringContaining('busy') })
  fail(undefined)
  expect((await ask()).status).toBe(200)
})
