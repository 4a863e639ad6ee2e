import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { download, type Download } from '../../../../plugins/worker-ops/install/download.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { sha256Of } from '../../../support/worker-registry-folder.ts'
import { failure } from './installing-scene.ts'

const CONTENT = Buffer.alloc(200_000, 'content')

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function scene(url: string, more: Partial<Download> = {}) {
  const folder = tempFolder()
  const target = path.join(folder, 'archive')
  const what = { url, sha256: sha256Of(CONTENT), target, maxBytes: 2 ** 20, idleMs: 5000, ...more }
  return { folder, target, run: () => download(what) }
}

/** Of a download that must fail: its text, and that nothing is left. */
async function refusal(url: string, more: Partial<Download> = {}): Promise<string> {
  const { folder, run } = scene(url, more)
  const { code, text, details } = await failure(run())
  expect(code).toBe('W142')
  expect(details['url']).toBeTypeOf('string')
  expect(readdirSync(folder)).toEqual([])
  return text
}

it('takes what a web server gives, and tells how much of it is there', async () => {
  const url = await serve((_request, response) => {
    response.setHeader('content-length', CONTENT.length)
    response.end(CONTENT)
  })
  const seen: (readonly [number, number | undefined])[] = []
  const { target, run } = scene(url, { onDownload: (bytes, total) => seen.push([bytes, total]) })
  await run()
  expect(readFileSync(target)).toEqual(CONTENT)
  expect(seen.at(-1)).toEqual([CONTENT.length, CONTENT.length])
})

it('takes a file, and what comes without a length', async () => {
  const file = path.join(tempFolder(), 'a b#c.tgz')
  writeFileSync(file, CONTENT)
  const ofFile = scene(pathToFileURL(file).href)
  await ofFile.run()
  expect(readFileSync(ofFile.target)).toEqual(CONTENT)
  const url = await serve((_request, response) => {
    response.write(CONTENT.subarray(0, 1000))
    response.end(CONTENT.subarray(1000))
  })
  const ofStream = scene(url)
  await ofStream.run()
  expect(readFileSync(ofStream.target)).toEqual(CONTENT)
})

it('takes the bytes as they are stored, also where a server says that they are compressed', async () => {
  const url = await serve((_request, response) => {
    response.setHeader('content-encoding', 'gzip')
    response.end(CONTENT)
  })
  const { target, run } = scene(url)
  await run()
  expect(readFileSync(target)).toEqual(CONTENT)
})

it('follows redirects, relative ones too, and not more than five', async () => {
  const url = await serve((request, response) => {
    const left = Number(request.url?.slice(1))
    if (left === 0) return response.end(CONTENT)
    return response.writeHead(302, { location: `/${left - 1}` }).end()
  })
  const { target, run } = scene(`${url}/5`)
  await run()
  expect(readFileSync(target)).toEqual(CONTENT)
  expect(await refusal(`${url}/6`)).toContain('it was redirected more than 5 times')
})

it.each(['file:///etc/passwd', 'ftp://host/x', 'data:text/plain,x', 'not an address://'])(
  'does not follow a redirect to %s',
  async (location) => {
    const url = await serve((_request, response) => void response.writeHead(302, { location }).end())
    expect(await refusal(url)).toContain(location.startsWith('not') ? 'failed' : 'where no download may lead')
  },
)

it.each<[what: string, reason: string, answer: (response: ServerResponse) => void]>([
  ['another checksum', 'its SHA-256 is', (response) => void response.end('other')],
  ['a status', 'answered with the status 404', (response) => void response.writeHead(404).end('nothing here')],
  ['a redirect to nowhere', 'answered with the status 302', (response) => void response.writeHead(302).end()],
  ['no content', 'answered with the status 204', (response) => void response.writeHead(204).end()],
  ['a part of the content', 'answered with the status 206', (response) => void response.writeHead(206).end('x')],
  [
    'more than is taken, said at once',
    'more than 1 MiB',
    (response) => void response.writeHead(200, { 'content-length': 2 ** 21 }).write('x'),
  ],
  [
    'more than is taken, without saying so',
    'more than 1 MiB',
    (response) => void response.end(Buffer.alloc(2 ** 20 + 1)),
  ],
  [
    'an end before its time',
    'failed',
    (response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('x')
      setImmediate(() => response.destroy())
    },
  ],
  ['a connection that ends at once', 'failed', (response) => response.destroy()],
])('refuses %s', async (_what, reason, answer) => {
  const url = await serve((_request, response) => answer(response))
  expect(await refusal(url)).toContain(reason)
})

it('gives up when nothing comes, before the answer and in the middle of it', async () => {
  const silent = await serve(() => {})
  expect(await refusal(silent, { idleMs: 50 })).toContain('nothing came for 50 ms')
  const halting = await serve((_request, response) => void response.write('a beginning'))
  expect(await refusal(halting, { idleMs: 50 })).toContain('failed')
})

it.each([
  ['http://127.0.0.1:1/x', 'ECONNREFUSED'],
  ['http://does-not-exist.invalid/x', 'failed'],
  ['file:///does/not/exist', 'no such file'],
  ['file:///tmp', 'it is no file'],
  ['file://host/share', 'failed'],
  ['ftp://host/x', 'neither with http:// or https:// nor with file://'],
  ['nonsense', 'neither with http:// or https:// nor with file://'],
])('refuses %s', async (url, reason) => {
  expect(await refusal(url)).toContain(reason)
})

it('shows neither credentials nor what is signed in an address', async () => {
  const url = await serve((_request, response) => void response.writeHead(403).end())
  const text = await refusal(`${url.replace('//', '//user:secret@')}/a?signature=secret`)
  expect(text).not.toContain('secret')
  expect(text).toContain('/a failed')
})

it('ends when it is cancelled', async () => {
  const cancelling = new AbortController()
  const url = await serve((_request, response) => {
    response.write('a beginning')
    cancelling.abort()
  })
  expect(await refusal(url, { signal: cancelling.signal })).toContain('failed')
})
