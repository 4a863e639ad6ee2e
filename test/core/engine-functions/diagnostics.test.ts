// `engine::log::*`, `engine::baggage::*`, `engine::health::check` (spec 04 C.5).
import { describe, expect, it } from 'vitest'
import { ENGINE_VERSION } from '../../../core/version.ts'
import { makeEngine } from './engine.ts'

describe('engine::log', () => {
  it.each(['trace', 'debug', 'info', 'warn', 'error'])(
    'writes a line of level %s, also under its old id',
    async (level) => {
      const scene = makeEngine()
      const worker = scene.attach()
      for (const id of [`engine::log::${level}`, `logger::${level}`]) {
        expect(
          await scene.call(worker, id, { message: 'm', data: { a: 1 }, service_name: 's', trace_id: 't' }),
        ).toBeUndefined()
      }
      const line = {
        level,
        message: 'm',
        data: { service: 's', trace_id: 't', worker: worker.worker.id, data: { a: 1 } },
      }
      expect(scene.log.lines).toEqual([line, line])
    },
  )

  it('needs a message', async () => {
    const scene = makeEngine()
    await expect(scene.call(scene.attach(), 'engine::log::info', {})).rejects.toEqual({
      code: 'deserialization_error',
      message: "engine::log::info: 'message' is missing",
    })
  })
})

it('engine::baggage accepts entries and keeps none', async () => {
  const scene = makeEngine()
  const worker = scene.attach()
  expect(await scene.call(worker, 'engine::baggage::set', { key: 'a', value: 'b' })).toMatchObject({
    success: true,
    note: expect.any(String) as string,
  })
  expect(await scene.call(worker, 'engine::baggage::get', { key: 'a' })).toEqual({ value: null })
  expect(await scene.call(worker, 'engine::baggage::get_all', null)).toEqual({ baggage: {} })
  await expect(scene.call(worker, 'engine::baggage::get', {})).rejects.toMatchObject({ code: 'deserialization_error' })
})

it('engine::health::check is degraded when one part is', async () => {
  let status: 'healthy' | 'degraded' | 'disabled' = 'disabled'
  const scene = makeEngine({ deps: { healthComponents: () => ({ config: { status, details: null } }) } })
  const worker = scene.attach()
  expect(await scene.call(worker, 'engine::health::check')).toEqual({
    status: 'healthy',
    components: { config: { status: 'disabled', details: null } },
    timestamp: expect.any(Number) as number,
    version: ENGINE_VERSION,
  })
  status = 'degraded'
  expect(await scene.call(worker, 'engine::health::check')).toMatchObject({ status: 'degraded' })
})
