// What probes are told, and the port that may be theirs alone.
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ENGINE_MS, Health, KEPT_MS, type ServerLoad } from '../../../../plugins/http/extras/health/health.ts'
import { HealthServer } from '../../../../plugins/http/extras/health/health-server.ts'
import type { Handle } from '../../../../sdk/plugin.ts'
import { ManualClock } from '../../../../testing/index.ts'
import { collectingLog } from '../../../support/collecting-log.ts'

const FINE: ServerLoad = { isDraining: false, running: 2, waiting: 1 }
const HEALTHY = { status: 'healthy', components: { router: { status: 'healthy' } } }

function scene({ report = async () => HEALTHY as unknown, load = FINE, showsComponents = false } = {}) {
  const asked: unknown[] = []
  const iii = {
    trigger(request: unknown) {
      asked.push(request)
      return report()
    },
  } as unknown as Pick<Handle, 'trigger'>
  const clock = new ManualClock()
  const health = new Health({ iii, clock, load: () => load }, showsComponents)
  return {
    asked,
    clock,
    async answer() {
      const { status, headers, body } = await health.answer()
      expect(headers).toContainEqual(['cache-control', 'no-store'])
      return { status, body: JSON.parse(body as string) as unknown }
    },
  }
}

describe('a probe', () => {
  it('is told that all is well', async () => {
    expect(await scene().answer()).toEqual({
      status: 200,
      body: {
        status: 'healthy',
        http: { status: 'healthy', running: 2, waiting: 1 },
        engine: { status: 'healthy' },
      },
    })
  })

  it('is told of the parts of the engine only where that is set', async () => {
    expect(await scene({ showsComponents: true }).answer()).toMatchObject({ body: { engine: HEALTHY } })
  })

  it.each([
    [{ report: async () => ({ status: 'degraded', components: {} }) }, 'degraded'],
    [{ report: () => Promise.reject(new Error('gone')) }, 'unavailable'],
    [{ report: async () => 'odd' }, 'unavailable'],
    [{ load: { ...FINE, isDraining: true } }, 'draining'],
  ])('is told what is not: %#', async (of, status) => {
    expect(await scene(of).answer()).toMatchObject({ status: 503, body: { status } })
  })

  it('asks the engine once, however many there are, and for no longer than it may take', async () => {
    const { asked, clock, answer } = scene()
    await Promise.all([answer(), answer(), answer()])
    await answer()
    expect(asked).toEqual([{ function_id: 'engine::health::check', payload: {}, timeoutMs: ENGINE_MS }])
    clock.move(KEPT_MS)
    await answer()
    expect(asked).toHaveLength(2)
  })
})

describe('a port for probes', () => {
  const open = async (port: number, isOwn = false) => {
    const health = new Health(
      { iii: { trigger: async () => HEALTHY } as never, clock: new ManualClock(), load: () => FINE },
      false,
    )
    const server = await HealthServer.open({
      host: '127.0.0.1',
      port,
      path: { path: '/health', answer: () => health.answer() },
      log: collectingLog(),
      isOfPredecessor: async () => isOwn,
    })
    onTestFinished(() => server.close())
    return server
  }

  it('answers them and nothing else', async () => {
    const { url } = await open(0)
    const statuses = async (path: string, method = 'GET') => (await fetch(`${url}${path}`, { method })).status
    expect(await statuses('/health?x=1')).toBe(200)
    expect(await statuses('/health', 'HEAD')).toBe(200)
    expect(await statuses('/health', 'POST')).toBe(405)
    expect(await statuses('/other')).toBe(404)
  })

  it('is taken over from the generation before', async () => {
    const before = await open(0)
    const port = Number(new URL(before.url).port)
    await open(port, true)
    await before.close()
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.status)
      .toBe(200)
  })

  it('that somebody else has is an error that says so', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => void other.close())
    await expect(open((other.address() as AddressInfo).port)).rejects.toMatchObject({
      code: 'address_unavailable',
      message: expect.stringContaining("set another 'port' for 'health' of iii-http"),
    })
  })
})
