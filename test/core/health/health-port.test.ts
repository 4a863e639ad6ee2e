// The port of `GET /health`: what it answers, and how it takes part in changes of the configuration.
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bringIntoForce } from '../../../core/config/change.ts'
import type { HealthComponent } from '../../../core/engine-functions/deps.ts'
import { healthReport } from '../../../core/engine-functions/health.ts'
import { HEALTH_CONNECTIONS, HealthPort } from '../../../core/health/health-port.ts'
import type { HealthAddress } from '../../../core/model/options.ts'
import { bareConfig } from '../../../testing/bare-config.ts'
import { createLog } from '../../../core/log.ts'
import { within } from '../../support/deadline.ts'
import { unusedPort } from '../../support/unused-port.ts'

const LOCAL = '127.0.0.1'
const LOG = createLog({ level: 'silent', write: () => {} })
const wanting = (health: HealthAddress | null) => bareConfig('/', { health })

interface Scene {
  readonly health: HealthPort
  readonly components: Record<string, HealthComponent>
  /** Ports that others are said to give up. */
  readonly freed: Set<number>
}

function scene(): Scene {
  const components: Record<string, HealthComponent> = { router: { status: 'healthy', details: null } }
  const freed = new Set<number>()
  const health = new HealthPort({
    log: LOG,
    report: () => healthReport(components),
    portsGivenUp: () => freed,
  })
  onTestFinished(() => health.close())
  return { health, components, freed }
}

async function opened(port = 0): Promise<Scene> {
  const made = scene()
  await bringIntoForce(made.health, wanting({ host: LOCAL, port }))
  return made
}

const portOf = ({ url }: HealthPort): number => Number(new URL(url ?? '').port)

async function answer(url: string | undefined, method = 'GET') {
  const response = await fetch(url ?? '', { method })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, LOCAL), 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

async function holding(): Promise<number> {
  const server = createServer()
  onTestFinished(() => void server.close())
  await once(server.listen(0, LOCAL), 'listening')
  return (server.address() as AddressInfo).port
}

describe('GET /health', () => {
  test('answers 200 with the report while all is well, 503 with the same while something is not', async () => {
    const { health, components } = await opened()
    const well = await answer(health.url)
    expect(well.status).toBe(200)
    expect(well.headers.get('content-type')).toBe('application/json')
    expect(well.headers.get('cache-control')).toBe('no-store')
    expect(JSON.parse(well.text)).toMatchObject({ status: 'healthy', components: { router: { status: 'healthy' } } })

    components['plugins'] = { status: 'degraded', details: { error: 'hello: broken' } }
    const degraded = await answer(health.url)
    expect(degraded.status).toBe(503)
    expect(JSON.parse(degraded.text)).toMatchObject({ status: 'degraded', components: { ...components } })
  })
  test('answers 200 for one that is degraded to who asks whether it serves', async () => {
    const { health, components } = await opened()
    components['plugins'] = { status: 'degraded', details: null }
    expect((await answer(`${health.url}?allow_degraded=true`)).status).toBe(200)
    expect((await answer(`${health.url}?allow_degraded=false`)).status).toBe(503)
  })
  test('has the head alone for HEAD', async () => {
    const { health } = await opened()
    const { status, text, headers } = await answer(health.url, 'HEAD')
    expect({ status, text }).toEqual({ status: 200, text: '' })
    expect(Number(headers.get('content-length'))).toBeGreaterThan(20)
  })
  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s with 405', async (method) => {
    const { status, headers } = await answer((await opened()).health.url, method)
    expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow: 'GET, HEAD' })
  })
  test.each(['/', '/healthz', '/health/', '//health', '/metrics'])('knows no other path: %s', async (path) => {
    const { health } = await opened()
    const { status, text } = await answer(`http://${LOCAL}:${portOf(health)}${path}`)
    expect(status).toBe(404)
    expect(JSON.parse(text)).toEqual({ error: `only GET /health is answered here, not '${path}'` })
  })
  test('is no way in for a WebSocket', async () => {
    const { health } = await opened()
    const asked = request(health.url ?? '', {
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'x' },
    }).end()
    const [response] = await within(5_000, 'an answer', once(asked, 'response'))
    expect(response.statusCode).toBe(200)
    response.resume()
  })
  test('takes a bounded number of connections', async () => {
    const { health } = await opened()
    const sockets: Socket[] = []
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
    for (let count = 0; count < HEALTH_CONNECTIONS; count++) {
      const socket = connect(portOf(health), LOCAL).on('error', () => {})
      sockets.push(socket)
      await once(socket, 'connect')
    }
    await expect(fetch(health.url ?? '')).rejects.toThrow('fetch failed')
    const [first] = sockets
    first?.destroy()
    await once(first as Socket, 'close')
    await expect.poll(async () => (await answer(health.url).catch(() => undefined))?.status).toBe(200)
  })
})

describe('a change of its address', () => {
  test('nothing listens unless it is asked for', async () => {
    const { health } = scene()
    await bringIntoForce(health, wanting(null))
    expect(health.url).toBeUndefined()
  })
  test('an address that stays is not touched', async () => {
    const { health } = await opened()
    const { url } = health
    await bringIntoForce(health, wanting({ host: LOCAL, port: 0 }))
    expect(health.url).toBe(url)
    expect((await answer(url)).status).toBe(200)
  })
  test('a new one is bound before the commit, where it asks to come back, and the old one serves until then', async () => {
    const { health } = await opened()
    const old = portOf(health)
    const port = await unusedPort()
    const part = await health.prepare(wanting({ host: LOCAL, port }))
    expect(part.problems).toEqual([])
    expect((await answer(`http://${LOCAL}:${port}/health`)).status).toBe(503)
    expect((await answer(health.url)).status).toBe(200)
    part.release?.()
    await part.commit()
    expect(portOf(health)).toBe(port)
    expect((await answer(health.url)).status).toBe(200)
    expect(await isFree(old)).toBe(true)
  })
  test('is over when the configuration names none any more', async () => {
    const { health } = await opened()
    const port = portOf(health)
    await bringIntoForce(health, wanting(null))
    expect(health.url).toBeUndefined()
    expect(await isFree(port)).toBe(true)
  })
  test('the same port on another host is bound when the old one has let go of it', async () => {
    const port = await unusedPort()
    const { health } = await opened(port)
    await bringIntoForce(health, wanting({ host: '0.0.0.0', port }))
    expect(health.url).toBe(`http://${LOCAL}:${port}/health`)
    expect((await answer(health.url)).status).toBe(200)
  })
  test('a port that somebody else holds is a problem that names the setting, and nothing has changed', async () => {
    const { health } = await opened()
    const { url } = health
    const port = await holding()
    const part = await health.prepare(wanting({ host: LOCAL, port }))
    expect(part.problems).toEqual([
      {
        subject: 'engine.health',
        code: 'address_unavailable',
        message: `address ${LOCAL}:${port} is already in use: stop the other process, or set another 'port' for engine.health`,
      },
    ])
    await part.discard()
    expect(health.url).toBe(url)
    expect((await answer(url)).status).toBe(200)
  })
  test('a port that others give up in the same change is bound in the commit; if they do not, the old one is back', async () => {
    const { health, freed } = await opened()
    const { url } = health
    const port = await holding()
    freed.add(port)
    const part = await health.prepare(wanting({ host: LOCAL, port }))
    expect(part.problems).toEqual([])
    part.release?.()
    await expect(part.commit()).rejects.toThrow(`address ${LOCAL}:${port} is already in use`)
    expect(health.url).toBe(url)
    expect((await answer(url)).status).toBe(200)
  })
  test('what was bound for a change that is discarded is free again', async () => {
    const { health } = await opened()
    const port = await unusedPort()
    const part = await health.prepare(wanting({ host: LOCAL, port }))
    part.release?.()
    await part.discard()
    expect(await isFree(port)).toBe(true)
    expect((await answer(health.url)).status).toBe(200)
  })
  test('others hear of its port when it goes', async () => {
    const { health } = await opened()
    expect(health.portsGivenUp(wanting({ host: LOCAL, port: 0 }))).toEqual([])
    expect(health.portsGivenUp(wanting(null))).toEqual([portOf(health)])
  })
})
