// A remote registry that means no good, or is none: whatever it answers ends in an error in time, and nothing of it is believed.
import type { ServerResponse } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { failureOf, openRegistry } from './open-registry.ts'
import { stubRegistry, type StubAnswer, type StubRequest } from './stub-registry.ts'
import { unusedPort } from '../../support/unused-port.ts'

const SHA256 = 'a'.repeat(64)
const opened = async (answer: (request: StubRequest) => StubAnswer, settings: object = {}) => {
  const stub = await stubRegistry(answer)
  return { stub, ...openRegistry({ remote: stub.url, ...settings }) }
}

describe('an answer', () => {
  test.each([400, 401, 403, 429, 500, 502, 503])(
    'with status %i is an error with method, address and status',
    async (status) => {
      const { registry, stub } = await opened(() => ({ status, json: { workers: [] } }))
      for (const ask of [() => registry.list({}), () => registry.info({ name: 'x' })]) {
        const { code, message } = await failureOf(ask())
        expect(code).toBe('D320')
        expect(message).toMatch(new RegExp(`GET ${stub.url}/w\\S* answered with status ${status}`))
      }
    },
  )

  test.each([
    ['no JSON', { text: '<html>not found</html>' }, 'did not answer JSON'],
    ['nothing', { text: '' }, 'no list `workers`'],
    ['null', { json: null }, 'no list `workers`'],
    ['a list', { json: [] }, 'no list `workers`'],
    ['workers that are no list', { json: { workers: { a: 1 } } }, 'no list `workers`'],
  ])('of %s is an error', async (_what, answer, message) => {
    const { registry } = await opened(() => answer)
    const error = await failureOf(registry.list({}))
    expect([error.code, error.kind]).toEqual(['D320', 'unreachable'])
    expect(error.message).toContain(message)
  })

  test('that is larger than its limit is cut off', async () => {
    let sent = 0
    const flood = (response: ServerResponse): void => {
      response.writeHead(200)
      const part = Buffer.alloc(1024 * 1024, 0x20)
      const more = (): void => {
        while (!response.destroyed && sent < 200 * part.length) {
          sent += part.length
          if (!response.write(part)) return void response.once('drain', more)
        }
      }
      more()
    }
    const { registry } = await opened(() => flood)
    const { code, kind, message } = await failureOf(registry.list({}))
    expect([code, kind]).toEqual(['D320', 'too-large'])
    expect(message).toContain('more than 8388608 bytes')
    expect(sent).toBeLessThan(100 * 1024 * 1024)
    for (const ask of [() => registry.release('x'), () => registry.resolve('x')])
      expect((await failureOf(ask())).message).toContain('more than 1048576 bytes')
  })

  test.each([
    ['that never begins', 'never' as const],
    [
      'that never ends',
      (response: ServerResponse) => {
        response.writeHead(200)
        response.write('{')
        const timer = setInterval(() => response.write(' '), 20)
        response.on('close', () => clearInterval(timer))
      },
    ],
  ])('%s is waited for no longer than the limit', async (_what, answer) => {
    const { registry } = await opened(() => answer, { timeoutMs: 150 })
    const { code, message } = await failureOf(registry.list({}))
    expect(code).toBe('D320')
    expect(message).toContain('there was no whole answer within 150 ms')
  })

  test('that breaks off is an error', async () => {
    const { registry } = await opened(() => (response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"wor')
      response.destroy()
    })
    expect((await failureOf(registry.list({}))).code).toBe('D320')
  })

  test('that is no HTTP is an error, and so is nobody there', async () => {
    const server = createServer((socket) => socket.end('220 mail ready\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    for (const at of [port, await unusedPort()]) {
      const { registry } = openRegistry({ remote: `http://127.0.0.1:${at}` })
      const { code, message } = await failureOf(registry.list({}))
      expect(code).toBe('D320')
      expect(message).toContain(`GET http://127.0.0.1:${at}/w failed: `)
      expect(message).not.toContain('fetch failed')
    }
  })
})

describe('a redirect', () => {
  test('to another address over HTTP is followed, without the password', async () => {
    const target = await stubRegistry(() => ({ json: { workers: [{ name: 'moved' }] } }))
    const stub = await stubRegistry(() => ({ status: 302, headers: { location: `${target.url}/w` } }))
    const { registry } = openRegistry({ remote: stub.url.replace('://', '://ana:secret@') })
    expect((await registry.list({ search: 'zzz' })).workers[0]?.name).toBe('moved')
    expect(target.requests[0]?.headers['authorization']).toBeUndefined()
  })

  test.each(['file:///etc/passwd', 'ftp://host/w', 'data:application/json,{}', 'http://[', 'javascript:1'])(
    'to %s is not',
    async (location) => {
      const { registry } = await opened(() => ({ status: 302, headers: { location } }))
      const { code, message } = await failureOf(registry.list({}))
      expect(code).toBe('D320')
      expect(message).toContain('where registries are not looked for')
    },
  )

  test('in a circle ends after five', async () => {
    const { registry, stub } = await opened(() => ({ status: 307, headers: { location: '/w' } }))
    expect((await failureOf(registry.list({}))).message).toContain('after 5 redirects')
    expect(stub.requests).toHaveLength(6)
  })
})

describe('what it says of a worker', () => {
  const detail = { name: 'x', version: '1.0.0' }
  const skills = { name: 'x', version: '1.0.0', skills: [], prompts: [] }
  const answering =
    (answers: Readonly<Record<string, unknown>>) =>
    ({ path }: StubRequest): StubAnswer =>
      path in answers ? { json: answers[path] } : { status: 404 }

  test.each([
    ['another worker', { '/w/x': { ...detail, name: 'y' }, '/w/x/skills': skills }, '"y" in place of "x"'],
    ['skills of another worker', { '/w/x': detail, '/w/x/skills': { ...skills, name: 'y' } }, 'skills of "y"'],
    ['no worker', { '/w/x': { worker: 7 }, '/w/x/skills': skills }, 'no worker'],
    ...['../x.md', '/etc/passwd', 'a/../../b.md', 'a\\b.md', 'c:x.md', '', 'a//b.md', './a.md', 'a\0.md', 7].map(
      (path) =>
        [
          `a skill at ${JSON.stringify(path)}`,
          { '/w/x': detail, '/w/x/skills': { ...skills, skills: [{ path, content: '' }] } },
          'which is no path below a folder',
        ] as const,
    ),
    [
      'a prompt with a path as its name',
      { '/w/x': detail, '/w/x/skills': { ...skills, prompts: [{ name: '../p', content: '' }] } },
      'a prompt of the name "../p"',
    ],
  ] as const)('is refused: %s', async (_what, answers, message) => {
    const { registry } = await opened(answering(answers))
    const error = await failureOf(registry.info({ name: 'x' }))
    expect(error.code).toBe('D320')
    expect(error.message).toContain(message)
  })

  const release = { type: 'bundle', name: 'x', version: '1.0.0', archive_url: 'https://host/x', sha256: SHA256 }
  test.each([
    ['another worker', { ...release, name: 'y' }, '"y" in place of "x"'],
    ['no checksum', { ...release, sha256: undefined }, 'no SHA-256'],
    ['a checksum that is none', { ...release, sha256: 'abc' }, 'no SHA-256'],
    [
      'a file of this machine',
      { ...release, archive_url: 'file:///etc/passwd' },
      'must begin with http:// or https://',
    ],
    ['no address', { ...release, archive_url: undefined }, 'as the address of'],
    ['a version with a path', { ...release, version: '../../1' }, 'as the version of "x"'],
    ['a folder of this machine', { ...release, type: 'local', path: '/' }, 'as a local folder'],
    ['no binaries', { ...release, type: 'binary' }, 'no binaries'],
    ['a list', [], 'no object'],
  ])('is not installed: %s', async (_what, answer, message) => {
    const { registry } = await opened(answering({ '/download/x': answer }))
    const error = await failureOf(registry.release('x'))
    expect(error.message).toContain(message)
  })
})
