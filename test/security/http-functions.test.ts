// What a session, an endpoint or a payload might do by functions that are invoked over HTTP (spec 06 B.1, B.4, check 48; 09 §4 h).
import { describe, expect, test } from 'vitest'
import type { SecurityConfig } from '../../plugins/http-functions/config.ts'
import { apiServer } from '../plugins/http-functions/api-server.ts'
import {
  OPEN,
  registered,
  runHttpFunctions,
  type HttpFunctionsRun,
  type Invocation,
} from '../plugins/http-functions/run-http-functions.ts'

const SECRET = 's3cr3t-v4lue'
const env = { TOKEN: SECRET, CLOUD_KEY: SECRET }
const BEARER = { type: 'bearer', token_key: 'TOKEN' }

async function scene(security: SecurityConfig): Promise<
  HttpFunctionsRun & {
    /** What the log says of the refusal; undefined = it was registered. */
    fromSession(invocation: Invocation, id?: string): Promise<string | undefined>
  }
> {
  const run = await runHttpFunctions({ env, config: { security: { ...OPEN, ...security } } })
  const session = run.engine.connect({ session: {} })
  return {
    ...run,
    async fromSession(invocation, id = 'f') {
      session.registerFunction(id, invocation as never)
      await registered(session)
      return run.engine.log.lines.find(({ message }) => message.includes(`'${id}' refused`))?.message
    },
  }
}

describe('a session', () => {
  test.each<[string, SecurityConfig]>([
    ['no list', {}],
    ['an empty list', { url_allowlist: [] }],
    ['a list of anything', { url_allowlist: ['*'] }],
    ['a list of anything with a scheme', { url_allowlist: ['https://*', '*.*'] }],
    ['a list with anything in it', { url_allowlist: ['api.example', '*'] }],
  ])('registers no endpoint with %s', async (_what, security) => {
    const api = await apiServer(() => 1)
    const run = await scene(security)
    expect(await run.fromSession({ url: api.url })).toContain(
      "URL not in allowlist: sessions may register HTTP-invoked functions only for hosts that the operator's setting security.url_allowlist names",
    )
    expect(await run.failure()).toEqual({ code: 'function_not_found', message: 'Function f not found' })
  })

  test('registers an endpoint of a host that is named, and no other', async () => {
    const api = await apiServer(() => 1)
    const run = await scene({ url_allowlist: ['127.0.0.1'] })
    expect(await run.fromSession({ url: 'https://evil.test' }, 'evil')).toContain('URL not in allowlist')
    expect(await run.fromSession({ url: api.url })).toBeUndefined()
    expect(await run.call()).toBe(1)
  })

  test.each(['TOKEN', 'NONE'])('names no variable of the engine, there or not: %s', async (token_key) => {
    const api = await apiServer(() => 1)
    const run = await scene({ url_allowlist: ['127.0.0.1'] })
    expect(await run.fromSession({ url: api.url, auth: { type: 'bearer', token_key } })).toContain(
      'a session may not register a function with auth',
    )
    expect(api.requests).toEqual([])
  })

  test('names one where that is allowed, of those that are listed', async () => {
    const api = await apiServer(() => 1)
    const run = await scene({ url_allowlist: ['127.0.0.1'], allow_session_auth: true, auth_env_allowlist: ['TOK*'] })
    expect(await run.fromSession({ url: api.url, auth: { type: 'bearer', token_key: 'CLOUD_KEY' } }, 'g')).toContain(
      "auth.token_key names 'CLOUD_KEY', which no pattern of security.auth_env_allowlist matches",
    )
    expect(await run.fromSession({ url: api.url, auth: BEARER })).toBeUndefined()
    await run.call()
    expect(api.last.headers.authorization).toBe(`Bearer ${SECRET}`)
  })

  test('can no longer have called what the operator forbids since', async () => {
    const api = await apiServer(() => 1)
    const allowed = { url_allowlist: ['127.0.0.1'], allow_session_auth: true }
    const run = await scene(allowed)
    expect(await run.fromSession({ url: api.url, auth: BEARER })).toBeUndefined()
    await run.host.reconfigure({ security: { ...OPEN, ...allowed, allow_session_auth: false } })
    expect(await run.failure()).toMatchObject({ code: 'FORBIDDEN' })
    await run.host.reconfigure({ security: { ...OPEN, allow_session_auth: true } })
    expect(await run.failure()).toMatchObject({ code: 'url_validation_failed' })
    expect(api.requests).toEqual([])
  })

  test.each([
    ['a wildcard', { expose: [{ match: '*' }] }],
    ['its id', { expose: [{ match: 'engine::seat::http-invoker' }], allowedFunctions: ['engine::seat::http-invoker'] }],
    ['its namespace', { namespaces: { default: ['engine::seat::*', 'engine::seat::http-invoker'] } }],
  ])('does not make the calls of others by the seat, with a grant of %s', async (_what, rights) => {
    const api = await apiServer(() => 1)
    const run = await scene({ url_allowlist: ['127.0.0.1'] })
    const session = run.engine.connect({ session: rights })
    const invocation = { url: api.url, auth: BEARER }
    const metadata = { action: 'invoke', function_id: 'x', invocation, is_session: false }
    const asked = session.trigger({ function_id: 'engine::seat::http-invoker', payload: {}, metadata })
    await expect(asked).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(api.requests).toEqual([])
  })
})

test('No line break gets into a request by id, trace or baggage', async () => {
  const api = await apiServer(() => 1)
  const run = await runHttpFunctions()
  const id = 'f\r\nx-evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n'
  await run.register({ url: api.url }, id)
  const evil = 'a\r\nx-evil: 1'
  await run.engine.connect().trigger({ function_id: id, payload: {}, traceparent: evil, baggage: evil })
  expect(api.requests).toHaveLength(1)
  expect(api.last.headers).not.toHaveProperty('x-evil')
  expect(api.last.headers).not.toHaveProperty('traceparent')
  expect(api.last.headers).not.toHaveProperty('baggage')
})

test('An endpoint does not choose what kind of error of the engine its caller believes to see with a stack', async () => {
  const error = { code: 'E', message: 'm', stacktrace: 'at evil', secret: 1 }
  const api = await apiServer((_request, response) => void response.writeHead(500).end(JSON.stringify({ error })))
  const run = await runHttpFunctions()
  await run.register({ url: api.url })
  const thrown = await run.call().catch((caught: unknown) => caught)
  expect(JSON.stringify(thrown)).not.toContain('at evil')
})

test('Secrets stand in requests, and nowhere else', async () => {
  const api = await apiServer((_request, response) => void response.writeHead(500).end('no'))
  const security = { ...OPEN, auth_env_allowlist: ['TOKEN'] }
  const run = await runHttpFunctions({
    env,
    config: {
      security,
      circuit_breaker: { failures: 4 },
      endpoints: [
        {
          base_url: api.url,
          auth: BEARER,
          headers: { 'x-plain': SECRET },
          functions: [{ id: 'listed', path: `/hook?key=${SECRET}` }],
        },
      ],
    },
  })
  const url = `${api.url}/hook?key=${SECRET}`
  await run.register({ url, auth: BEARER, headers: { 'x-plain': SECRET } })
  await run.register({ url, auth: { type: 'api_key', header: 'x-key', value_key: 'TOKEN' } }, 'g')
  const seen: unknown[] = []
  for (const id of ['f', 'g', 'listed']) seen.push(await run.failure({}, id))
  expect(api.requests.map(({ headers }) => headers.authorization ?? headers['x-key'])).toEqual([
    `Bearer ${SECRET}`,
    SECRET,
    `Bearer ${SECRET}`,
  ])
  api.handler = (_request, response) => void response.socket!.destroy()
  for (const id of ['f', 'g', 'listed']) seen.push(await run.failure({}, id))
  for (const bad of [
    { url: `http://user:${SECRET}@example.com/?${SECRET}` },
    { url: `http://bad host/?${SECRET}` },
    { url: `http://user:${SECRET}@bad host/` },
    { url, auth: { type: 'bearer', token_key: 'CLOUD_KEY' } },
    { url, headers: { 'x-plain': `${SECRET}\n` } },
    { url, headers: { 'x-plain': [SECRET] } },
  ])
    seen.push(await run.register(bad, `bad${seen.length}`).catch(({ message }: Error) => message))
  for (const [functionId, payload] of [
    ['engine::functions::list', {}],
    ['engine::functions::info', { function_id: 'f' }],
    ['engine::functions::info', { function_id: 'listed' }],
    ['engine::workers::list', {}],
  ] as const)
    seen.push(await run.worker.trigger({ function_id: functionId, payload }))
  seen.push(run.engine.log.lines, run.host.log.lines, [...run.host.health])
  const text = JSON.stringify(seen)
  expect(text).toContain('circuit_open')
  expect(text).not.toContain(SECRET)
})
