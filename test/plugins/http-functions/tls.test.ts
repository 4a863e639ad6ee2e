// https against an authority of a test, whose certificate is for `api.example` (test/fixtures/tls; its private key was thrown away).
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ROOT } from '../../repository/source-files.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { runHttpFunctions, type HttpFunctionsRun } from './run-http-functions.ts'

const FILES = path.join(ROOT, 'test/fixtures/tls')
const AUTHORITY = path.join(FILES, 'authority.pem')
const pem = (name: string): string => readFileSync(path.join(FILES, name), 'utf8')
const resolve = async () => [{ address: '127.0.0.1', family: 4 }]

interface SecureApi {
  readonly port: number
  /** Names that clients asked for, by connection. */
  readonly names: unknown[]
  readonly requests: string[]
}

async function secureApi(): Promise<SecureApi> {
  const names: unknown[] = []
  const requests: string[] = []
  const server = createServer({ key: pem('server.key'), cert: pem('server.pem') }, (request, response) => {
    requests.push(request.url ?? '')
    response.end('"safe"')
  })
  server.on('secureConnection', (socket: TLSSocket) => names.push((socket as { servername?: unknown }).servername))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, names, requests }
}

const run = (config: object = {}): Promise<HttpFunctionsRun> =>
  runHttpFunctions({ resolve, config: { security: { block_private_ips: false }, ...config } })

describe('an endpoint with https', () => {
  test('is called where its authority is trusted, by its name, over one connection', async () => {
    const api = await secureApi()
    const scene = await run({ ca_file: AUTHORITY })
    await scene.register({ url: `https://api.example:${api.port}/a` })
    expect([await scene.call(), await scene.call()]).toEqual(['safe', 'safe'])
    expect(api.names).toEqual(['api.example'])
  })

  test('gets no request where its authority is not', async () => {
    const api = await secureApi()
    const scene = await run()
    await scene.register({ url: `https://api.example:${api.port}/a` })
    expect(await scene.failure()).toEqual({
      code: 'http_request_failed',
      message: expect.stringMatching(
        /^POST to https:\/\/api.example:\d+: unable to verify the first certificate.*UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
      ),
    })
    expect(api.requests).toEqual([])
  })

  test('gets none either when its certificate is for another name', async () => {
    const api = await secureApi()
    const scene = await run({ ca_file: AUTHORITY })
    await scene.register({ url: `https://other.example:${api.port}/a` })
    expect(await scene.failure()).toEqual({
      code: 'http_request_failed',
      message: expect.stringContaining("Host: other.example. is not in the cert's altnames: DNS:api.example"),
    })
    expect(api.requests).toEqual([])
  })

  test('is trusted or not as the settings say at the time', async () => {
    const api = await secureApi()
    const scene = await run({ ca_file: AUTHORITY })
    await scene.register({ url: `https://api.example:${api.port}/a` })
    expect(await scene.call()).toBe('safe')
    expect(await scene.host.reconfigure({ security: { block_private_ips: false } })).toBe(true)
    expect(await scene.failure()).toMatchObject({ code: 'http_request_failed' })
  })

  test('is made once more where its certificate did not let it get there', async () => {
    let lookups = 0
    const api = await secureApi()
    const counted = async () => {
      lookups++
      return resolve()
    }
    const scene = await runHttpFunctions({ resolve: counted, config: { security: { block_private_ips: false } } })
    await scene.register({ url: `https://api.example:${api.port}/`, retry: { attempts: 2, backoff_ms: 1 } })
    await scene.failure()
    expect(lookups).toBe(2)
  })
})

test('A file without a certificate is refused, and one that can not be read', async () => {
  await expect(run({ ca_file: path.join(FILES, 'server.key') })).rejects.toThrow(
    'server.key holds no certificate; it has to begin with -----BEGIN CERTIFICATE-----',
  )
  const broken = path.join(tempFolder(), 'broken.pem')
  const odd = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  writeFileSync(broken, pem('authority.pem') + odd)
  await expect(run({ ca_file: broken })).rejects.toThrow(/ca_file: certificate 2 of .*broken.pem can't be read: /)
})
