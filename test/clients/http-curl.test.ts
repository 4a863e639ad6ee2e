// HTTP endpoints asked by curl: what it sends that other clients don't, and what it makes of the answers (spec 06 part A).
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runHttp, type HttpRun } from '../plugins/http/http-run.ts'
import { lacks } from '../support/needs.ts'
import { tempFolder } from '../support/temp-folder.ts'

const MB = 1_000_000
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface CurlRun {
  readonly code: number
  readonly body: string
  /** What `--verbose` tells. */
  readonly told: string
}

/** @param input of its standard input */
function curl(args: readonly string[], input?: Uint8Array): Promise<CurlRun> {
  return new Promise((resolve) => {
    const child = execFile(
      'curl',
      ['--silent', '--show-error', '--max-time', '20', '--noproxy', '*', ...args],
      { maxBuffer: 100 * MB },
      (error, body, told) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), body, told }),
    )
    child.stdin?.end(input)
  })
}

/** Answers with what it was asked, body included. */
async function serveEcho(run: HttpRun, route: string): Promise<void> {
  await run.serve(route, route, async ({ headers, method, path_params, query_params, body, request_body }) => {
    const bytes: Buffer = await request_body.readAll()
    return { body: { headers, method, path_params, query_params, body, bytes: bytes.length, digest: digestOf(bytes) } }
  })
}

function fileOf(content: Uint8Array): string {
  const file = join(tempFolder(), 'photo.jpg')
  writeFileSync(file, content)
  return file
}

describe.skipIf(lacks('curl'))('curl (needs curl)', () => {
  it('asks again over the same connection, after answers of each kind', async () => {
    const run = await runHttp()
    await run.serve('whole', 'GET /whole', () => ({ body: 'x' }))
    await run.serve('streamed', 'GET /streamed', ({ response }) => void response.stream.end(Buffer.from('y')))
    await run.serve('unread', 'POST /unread', () => ({ status_code: 400, body: 'no' }))
    await run.serve('empty', 'GET /empty', ({ response }) => void response.close())
    const urls = ['/whole', '/streamed', '/empty', '/nowhere', '/whole'].map((path) => `${run.url}${path}`)
    const { body } = await curl(['--write-out', ' %{http_code} %{num_connects}\n', ...urls])
    expect(
      body
        .trim()
        .split('\n')
        .map((line) => line.split(' ').slice(-2).join(' ')),
    ).toEqual(['200 1', '200 0', '200 0', '404 0', '200 0'])
    const posts = await curl([
      '--write-out',
      ' %{http_code} %{num_connects}\n',
      '--data',
      'ignored',
      `${run.url}/unread`,
      `${run.url}/unread`,
    ])
    expect(posts.body).toBe('"no" 400 1\n"no" 400 0\n')
  })

  it('sends JSON, a form, a form with a file, and a query of its own making', async () => {
    const run = await runHttp()
    await serveEcho(run, 'POST /echo/:id')
    const url = `${run.url}/echo/a%2Fb`
    const json = JSON.parse((await curl(['--json', '{"n":1}', url])).body)
    expect(json).toMatchObject({ body: { n: 1 }, bytes: 7, path_params: { id: 'a%2Fb' } })
    const form = JSON.parse((await curl(['--data-urlencode', 'q=a&b', '--data', 'd=1', url])).body)
    expect(form).toMatchObject({ body: null, digest: digestOf(Buffer.from('q=a%26b&d=1')) })
    const query = JSON.parse((await curl(['--get', '--request', 'POST', '--data-urlencode', 'q=é &', url])).body)
    expect(query).toMatchObject({ query_params: { q: 'é &' }, bytes: 0 })
    const content = randomBytes(100_000)
    await run.serve('form', 'POST /form', async ({ headers, request_body }) => {
      const bytes = await request_body.readAll()
      const sent = await new Response(bytes, { headers: { 'content-type': headers['content-type'] } }).formData()
      const file = sent.get('photo') as File
      const digest = digestOf(new Uint8Array(await file.arrayBuffer()))
      return { body: [sent.get('title'), file.name, file.type, digest] }
    })
    const parts = ['--form', 'title=two words', '--form', `photo=@${fileOf(content)};type=image/jpeg`]
    expect(JSON.parse((await curl([...parts, `${run.url}/form`])).body)).toEqual([
      'two words',
      'photo.jpg',
      'image/jpeg',
      digestOf(content),
    ])
  })

  it('uploads files: with a length, after 100 Continue, and in chunks of unknown length', async () => {
    const run = await runHttp()
    await serveEcho(run, 'PUT /file')
    await serveEcho(run, 'POST /file')
    const content = randomBytes(3 * MB)
    const [file, url, wanted] = [
      fileOf(content),
      `${run.url}/file`,
      { bytes: content.length, digest: digestOf(content) },
    ]
    const type = ['--header', 'content-type: application/octet-stream']
    const posted = await curl([...type, '--header', 'expect:', '--data-binary', `@${file}`, url])
    expect(JSON.parse(posted.body)).toMatchObject(wanted)
    const put = await curl(['--verbose', '--header', 'expect: 100-continue', '--upload-file', file, url])
    expect(JSON.parse(put.body)).toMatchObject(wanted)
    expect(put.told.split('HTTP/1.1 100 Continue').length).toBe(2)
    const chunked = JSON.parse((await curl(['--upload-file', '-', url], content)).body)
    expect(chunked).toMatchObject({ ...wanted, headers: { 'transfer-encoding': 'chunked' } })
  })

  it('sends nothing of a file that is too large, when it asks first', async () => {
    const run = await runHttp({ body_limit: MB })
    await serveEcho(run, 'PUT /file')
    const expectation = ['--header', 'expect: 100-continue', '--expect100-timeout', '20']
    const report = ['--write-out', ' %{http_code} %{size_upload}', '--verbose']
    const { body, told } = await curl([
      ...expectation,
      ...report,
      '--upload-file',
      fileOf(Buffer.alloc(MB + 1)),
      `${run.url}/file`,
    ])
    expect(body).toMatch(/ 413 0$/)
    expect(told).not.toContain('100 Continue')
  })

  it('gets for HEAD the headers of GET alone, and may ask on', async () => {
    const run = await runHttp()
    await run.serve('page', 'GET /page', ({ method }) => ({
      headers: { 'content-type': 'text/plain', 'x-method': method },
      body: 'twelve chars',
    }))
    const { body } = await curl(['--head', `${run.url}/page`, `${run.url}/page`, '--write-out', '%{num_connects}\n'])
    expect(body.match(/^HTTP\/1\.1 200 OK/gm)).toHaveLength(2)
    expect(body.toLowerCase().match(/^content-length: 12\r$/gm)).toHaveLength(2)
    expect(body).toContain('x-method: HEAD')
    expect(body).not.toContain('twelve')
    expect(body.trim().endsWith('\n0')).toBe(true)
  })

  it('is told of the methods of a path, and of CORS', async () => {
    const run = await runHttp()
    await run.serve('page', 'GET /page', () => ({ body: 1 }))
    await run.serve('save', 'PUT /page', () => ({ body: 1 }))
    const wrong = await curl(['--include', '--request', 'DELETE', `${run.url}/page`])
    expect(wrong.body).toMatch(/^HTTP\/1\.1 405 /)
    const allow = /^allow: (.*)\r$/im.exec(wrong.body)?.[1]
    expect(allow?.split(/, ?/).sort()).toEqual(expect.arrayContaining(['GET', 'HEAD', 'PUT']))
    const asking = ['--header', 'origin: https://a.example', '--header', 'access-control-request-method: PUT']
    const preflight = await curl(['--include', '--request', 'OPTIONS', ...asking, `${run.url}/page`])
    expect(preflight.body).toMatch(/^HTTP\/1\.1 200 /)
    expect(preflight.body.toLowerCase()).toContain('access-control-allow-origin: *\r\n')
    expect(preflight.body.toLowerCase()).toContain('access-control-allow-methods: *\r\n')
  })

  it('keeps cookies, follows a redirect, and sends a password', async () => {
    const run = await runHttp()
    await run.serve('login', 'POST /login', () => ({
      status_code: 303,
      headers: ['Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2; Path=/', 'Location: /me?from=login'],
      body: null,
    }))
    await run.serve('me', 'GET /me', ({ headers, query_params }) => ({
      body: [headers.cookie, headers.authorization, query_params.from],
    }))
    const jar = join(tempFolder(), 'cookies')
    const { body } = await curl([
      '--location',
      '--cookie-jar',
      jar,
      '--cookie',
      jar,
      '--user',
      'ann:pw',
      '--data',
      '',
      `${run.url}/login`,
    ])
    const [cookie, authorization, from] = JSON.parse(body)
    expect(cookie.split('; ').sort()).toEqual(['a=1', 'b=2'])
    expect([authorization, from]).toEqual([`Basic ${btoa('ann:pw')}`, 'login'])
  })

  it('understands answers in the versions and encodings that it offers', async () => {
    const run = await runHttp()
    const text = 'compress me '.repeat(1_000)
    await run.serve('text', 'GET /text', () => ({ headers: { 'content-type': 'text/plain' }, body: text }))
    await run.serve('pieces', 'GET /pieces', ({ response }) => {
      response.stream.write(Buffer.from('one '))
      response.stream.end(Buffer.from('two'))
    })
    for (const option of ['--compressed', '--http1.0', '--http2', '--http1.1']) {
      expect((await curl([option, `${run.url}/text`])).body, option).toBe(text)
      expect((await curl([option, `${run.url}/pieces`])).body, option).toBe('one two')
    }
  })

  it('sees that a stream ended before its promised length', async () => {
    const run = await runHttp()
    await run.serve('cut', 'GET /cut', ({ response }) => {
      response.sendMessage(JSON.stringify({ type: 'set_headers', headers: { 'content-length': '100' } }))
      response.stream.end(Buffer.from('not a hundred'))
    })
    // CURLE_PARTIAL_FILE, or CURLE_GOT_NOTHING where not even the head has left.
    expect([18, 52]).toContain((await curl([`${run.url}/cut`])).code)
  })
})
