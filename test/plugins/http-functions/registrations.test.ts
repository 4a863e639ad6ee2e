// What a registration has to be, and who is told when it is refused (spec 06 B.1, B.4; checks 30, 32, 34).
import { describe, expect, test } from 'vitest'
import { MAX_HEADER_BYTES, MAX_HEADERS } from '../../../plugins/http-functions/target/header-rules.ts'
import { apiServer } from './api-server.ts'
import { OPEN, registered, runHttpFunctions, type Invocation } from './run-http-functions.ts'

const URL = 'https://api.example.com/x'
const resolve = async () => [{ address: '93.184.216.34', family: 4 }]
const env = { TOKEN: 't-secret-1', EMPTY: '', BROKEN: 'a\r\nx-evil: 1', OTHER: 'o' }

describe('the URL', () => {
  test.each<[unknown, string]>([
    [
      'http://example.com',
      'HTTPS is required, and this is http://example.com: use https, or set security.require_https to false',
    ],
    ['https://127.0.0.1', "Private IP blocked: '127.0.0.1' is"],
    ['https://127.0.0.1./', "Private IP blocked: '127.0.0.1' is"],
    ['https://[::ffff:127.0.0.1]/', "Private IP blocked: '[::ffff:7f00:1]' is"],
    ['https://2130706433/', "Private IP blocked: '127.0.0.1' is"],
    ['https://0x7f.1/', "Private IP blocked: '127.0.0.1' is"],
    ['https://0177.0.0.1/', "Private IP blocked: '127.0.0.1' is"],
    ['https://①②⑦.0.0.1/', "Private IP blocked: '127.0.0.1' is"],
    ['https://169.254.169.254/latest/meta-data', "Private IP blocked: '169.254.169.254' is"],
    ['https://[64:ff9b::a00:1]/', "Private IP blocked: '[64:ff9b::a00:1]' is"],
    [
      'https://user:pa55@example.com/',
      "Invalid URL: the URL of 'example.com' holds a user name or a password; use auth, or a header",
    ],
    ['ftp://example.com/', "Invalid URL: 'ftp:' is neither https: nor http:"],
    ['file:///etc/passwd', "Invalid URL: 'file:///etc/passwd' names no host; write https://host/path"],
    ['/orders', "Invalid URL: '/orders' names no host; write https://host/path"],
    ['https://', "Invalid URL: 'https://' names no host"],
    ['https://exa mple.com/?key=pa55', "Invalid URL: 'https://exa mple.com/' names no host"],
    ['https://u:pa55@exa mple.com/', "Invalid URL: 'https://exa mple.com/' names no host"],
    [7, 'Invalid URL: 7 is no text'],
    [undefined, 'Invalid URL: undefined is no text'],
  ])('%j is refused', async (url, message) => {
    const run = await runHttpFunctions({ config: { security: null }, resolve })
    const refusal = await refusalOf(run.register({ url }))
    expect(refusal).toContain(`url_validation_failed: ${message}`)
    expect(refusal).not.toContain('pa55')
    expect(await run.failure()).toEqual({
      code: 'function_not_found',
      message: `Function f not found: its registration was refused with ${refusal}`,
    })
  })

  test('has to be on the list, where there is one', async () => {
    const run = await runHttpFunctions({ config: { security: { url_allowlist: ['https://*.example.com'] } }, resolve })
    await run.register({ url: URL })
    expect(await refusalOf(run.register({ url: 'https://evil.test/?api.example.com' }, 'g'))).toBe(
      "url_validation_failed: URL not in allowlist: no pattern of security.url_allowlist matches the host 'evil.test'",
    )
  })

  test('is checked for its scheme, then its host, then its addresses', async () => {
    const security = { url_allowlist: ['good.example'] }
    const run = await runHttpFunctions({
      config: { security },
      resolve: async () => [{ address: '10.0.0.1', family: 4 }],
    })
    expect(await refusalOf(run.register({ url: 'http://evil.test' }, 'a'))).toContain('HTTPS is required')
    expect(await refusalOf(run.register({ url: 'https://127.0.0.1' }, 'b'))).toContain('URL not in allowlist')
    expect(await refusalOf(run.register({ url: 'https://good.example' }, 'c'))).toContain('Private IP blocked')
  })

  test('that leads to a public and a private address is refused', async () => {
    const both = async () => [...(await resolve()), { address: 'fd00::1', family: 6 }]
    const run = await runHttpFunctions({ config: { security: {} }, resolve: both })
    expect(await refusalOf(run.register({ url: URL }))).toContain(
      "Private IP blocked: 'api.example.com' is, or leads to",
    )
  })

  test('whose name leads nowhere is refused', async () => {
    const nowhere = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
    const run = await runHttpFunctions({ config: { security: {} }, resolve: nowhere })
    expect(await refusalOf(run.register({ url: URL }))).toBe(
      "url_validation_failed: DNS lookup failed: ENOTFOUND for 'api.example.com'",
    )
  })

  test('may be a name that leads nowhere yet, where any address will do', async () => {
    const nowhere = () => Promise.reject(new Error('x'))
    const run = await runHttpFunctions({ config: { security: { block_private_ips: false } }, resolve: nowhere })
    await run.register({ url: URL })
  })
})

describe('other members', () => {
  test.each<[Invocation, string]>([
    [{ url: URL, method: 'post' }, 'method must be one of GET, POST, PUT, PATCH, DELETE, not "post"'],
    [{ url: URL, method: 'TRACE' }, 'not "TRACE"'],
    [{ url: URL, timeout_ms: 0 }, 'timeout_ms must be a number above 0, not 0'],
    [{ url: URL, timeout_ms: '5' }, 'timeout_ms must be a number above 0, not "5"'],
    [{ url: URL, headers: ['a: b'] }, 'headers must be an object of texts, not ["a: b"]'],
    [{ url: URL, headers: { a: 1 } }, "headers['a'] must be a text, not number"],
    [{ url: URL, headers: { 'a b': '1' } }, 'headers: "a b" is no name of a header'],
    [{ url: URL, headers: { 'a\r\nb': '1' } }, 'is no name of a header'],
    [
      { url: URL, headers: { a: 'b\r\nx: y' } },
      "headers['a'] has a character that can not stand in a header, such as a line break",
    ],
    [{ url: URL, headers: { a: '日本' } }, "headers['a'] has a character that can not stand in a header"],
    ...[
      'Host',
      'content-length',
      'Transfer-Encoding',
      'CONNECTION',
      'Expect',
      'upgrade',
      'TE',
      'Proxy-Authorization',
    ].map((name): [Invocation, string] => [
      { url: URL, headers: { [name]: 'x' } },
      `headers: '${name}' is set by the engine alone; leave it out`,
    ]),
    [{ url: URL, auth: 'bearer' }, 'auth must be an object, not string'],
    [{ url: URL, auth: {} }, 'auth.type must be one of hmac, bearer, api_key, not undefined'],
    [{ url: URL, auth: { type: 'basic' } }, 'not "basic"'],
    [{ url: URL, auth: { type: 'toString' } }, 'not "toString"'],
    [{ url: URL, auth: { type: 'bearer' } }, 'auth.token_key must name an environment variable of the engine'],
    [
      { url: URL, auth: { type: 'api_key', header: 'Host', value_key: 'TOKEN' } },
      "auth.header: 'Host' is set by the engine alone",
    ],
    [
      { url: URL, auth: { type: 'api_key', header: 'x-iii-a', value_key: 'TOKEN' } },
      "auth.header: 'x-iii-a' is set by the engine alone",
    ],
    [{ url: URL, auth: { type: 'api_key', value_key: 'TOKEN' } }, 'auth.header: undefined is no name of a header'],
    [{ url: URL, retry: 3 }, 'retry must be an object such as { attempts: 3 }, not 3'],
    [{ url: URL, retry: { attempts: 11 } }, 'retry.attempts must be a whole number from 1 to 10, not 11'],
    [{ url: URL, retry: {} }, 'retry.attempts must be a whole number from 1 to 10, not undefined'],
    [{ url: URL, retry: { attempts: 2, atempts: 3 } }, "retry: unknown key 'atempts'. Did you mean 'attempts'?"],
    [{ url: URL, retry: { attempts: 2, non_idempotent: 1 } }, 'retry.non_idempotent must be true or false, not 1'],
    [{ url: URL, circuit_breaker: true }, 'circuit_breaker must be an object such as { failures: 5 }, not true'],
    [
      { url: URL, circuit_breaker: { failures: 0 } },
      'circuit_breaker.failures must be a whole number from 1 to 10000, not 0',
    ],
    [
      { url: URL, headers: Object.fromEntries(Array.from({ length: MAX_HEADERS + 1 }, (_, at) => [`h${at}`, ''])) },
      `headers has ${MAX_HEADERS + 1} members, more than ${MAX_HEADERS}`,
    ],
    [
      { url: URL, headers: { a: 'x'.repeat(MAX_HEADER_BYTES) } },
      `headers has ${MAX_HEADER_BYTES + 1} bytes, more than`,
    ],
  ])('%j', async (invocation, message) => {
    const run = await runHttpFunctions({ env, resolve })
    expect(await refusalOf(run.register(invocation))).toMatch(/^invalid_invocation: /)
    expect((await run.failure()).message).toContain(message)
  })

  test('may be null', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions()
    const nothing = { method: null, timeout_ms: null, headers: null, auth: null, retry: null, circuit_breaker: null }
    await run.register({ url: api.url, ...nothing })
    await run.call()
    expect(api.last.method).toBe('POST')
  })
})

describe('a secret', () => {
  test.each<[string, object, string]>([
    [
      'secret_not_found',
      { type: 'hmac', secret_key: 'NONE' },
      "auth.secret_key names the environment variable 'NONE', which the engine does not have; set it and start the engine again",
    ],
    ['token_not_found', { type: 'bearer', token_key: 'NONE' }, "auth.token_key names the environment variable 'NONE'"],
    [
      'api_key_not_found',
      { type: 'api_key', header: 'x', value_key: 'NONE' },
      "auth.value_key names the environment variable 'NONE'",
    ],
    [
      'token_not_found',
      { type: 'bearer', token_key: 'EMPTY' },
      "names the environment variable 'EMPTY', which the engine does not have",
    ],
    [
      'token_not_found',
      { type: 'bearer', token_key: 'toString' },
      "names the environment variable 'toString', which the engine does not have",
    ],
    [
      'token_not_found',
      { type: 'bearer', token_key: 'BROKEN' },
      "the value of the environment variable 'BROKEN' can not stand in a header",
    ],
  ])('%s: %j', async (code, auth, message) => {
    const run = await runHttpFunctions({ env, resolve })
    const refusal = await refusalOf(run.register({ url: URL, auth }))
    expect(refusal).toContain(`${code}: `)
    expect(refusal).toContain(message)
    expect(refusal).not.toContain('evil')
  })

  test('has to be on the list, where there is one', async () => {
    const security = { ...OPEN, auth_env_allowlist: ['TOK*'] }
    const run = await runHttpFunctions({ env, resolve, config: { security } })
    await run.register({ url: URL, auth: { type: 'bearer', token_key: 'TOKEN' } })
    expect(await refusalOf(run.register({ url: URL, auth: { type: 'bearer', token_key: 'OTHER' } }, 'g'))).toBe(
      "token_not_found: auth.token_key names 'OTHER', which no pattern of security.auth_env_allowlist matches; name another variable, or add it there",
    )
  })

  test('may be none at all with an empty list', async () => {
    const run = await runHttpFunctions({ env, resolve, config: { security: { ...OPEN, auth_env_allowlist: [] } } })
    expect(await refusalOf(run.register({ url: URL, auth: { type: 'bearer', token_key: 'TOKEN' } }))).toContain(
      'token_not_found',
    )
  })
})

describe('the worker', () => {
  test('is told by its SDK', async () => {
    const run = await runHttpFunctions({ config: { security: {} } })
    const worker = run.engine.connect()
    worker.registerFunction('g', { url: 'http://example.com' })
    await registered(worker)
    expect(run.engine.log.lines.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('Registration of g rejected: url_validation_failed: HTTPS is required'),
    )
  })

  test('may register the function once more with a target that is fine', async () => {
    const api = await apiServer(() => 1)
    const run = await runHttpFunctions()
    await run.register({ url: 'nowhere' }).catch(() => {})
    run.worker.registerFunction({ id: 'again' }, { url: api.url })
    await registered(run.worker)
    expect(await run.call({}, 'again')).toBe(1)
  })

  test('replaces its target by registering the id again', async () => {
    const [first, second] = [await apiServer(() => 1), await apiServer(() => 2)]
    const run = await runHttpFunctions()
    const ref = run.worker.registerFunction('g', { url: first.url })
    await registered(run.worker)
    expect(await run.call({}, 'g')).toBe(1)
    ref.unregister()
    run.worker.registerFunction('g', { url: second.url })
    await registered(run.worker)
    expect(await run.call({}, 'g')).toBe(2)
  })

  test('takes the function along when it goes', async () => {
    const api = await apiServer(() => 1)
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    const caller = run.engine.connect()
    const listed = async (): Promise<unknown> =>
      (
        (await caller.trigger({ function_id: 'engine::functions::list', payload: { prefix: 'f' } })) as {
          functions: { function_id: string; worker_name: string }[]
        }
      ).functions.map(({ function_id, worker_name }) => [function_id, worker_name])
    expect(await listed()).toContainEqual(['f', 'shop'])
    run.worker.close()
    expect(await listed()).toEqual([])
  })
})

async function refusalOf(registering: Promise<void>): Promise<string> {
  return registering.then(
    () => 'none',
    (error: Error) => error.message,
  )
}
