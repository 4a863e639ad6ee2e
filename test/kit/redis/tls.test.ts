// TLS to Redis: in front of the server stands one that ends TLS, with a certificate made for the test.
import { once } from 'node:events'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lacks } from '../../support/needs.ts'
import { selfSigned } from '../../support/self-signed.ts'
import { connect, server, SETTING } from './connect-redis.ts'

async function tlsServer() {
  const redis = await server({ args: ['--requirepass', 'secret'] })
  const certificate = selfSigned()
  const front = createServer(certificate, (near) => {
    const far = connectTcp(redis.port, '127.0.0.1')
    near.on('error', () => far.destroy()).on('close', () => far.destroy())
    far.on('error', () => near.destroy()).on('close', () => near.destroy())
    near.pipe(far).pipe(near)
  })
  await once(front.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void front.close())
  return { port: (front.address() as AddressInfo).port, cert: certificate.cert }
}

describe.skipIf(lacks('redis-server') || lacks('openssl'))('rediss:// (needs redis-server and openssl)', () => {
  test('connects where the certificate is trusted, by name and by address', async () => {
    const { port, cert } = await tlsServer()
    const before = getCACertificates('default')
    setDefaultCACertificates([cert])
    onTestFinished(() => setDefaultCACertificates(before))
    for (const host of ['localhost', '127.0.0.1']) {
      const { redis } = await connect(`rediss://:secret@${host}:${port}`)
      expect(await redis.command('PING')).toBe('PONG')
      const messages: string[] = []
      await redis.subscribe('c', { message: (text) => messages.push(text) })
    }
  })

  test('a certificate that is not trusted is an error that says so', async () => {
    const { port } = await tlsServer()
    await expect(connect(`rediss://:secret@127.0.0.1:${port}`)).rejects.toThrow(
      new RegExp(`^Redis at 127.0.0.1:${port} \\(${SETTING}\\) is not reachable: .*self-signed certificate`),
    )
  })
})
