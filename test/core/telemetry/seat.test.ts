// Calls are observed while a plugin has the seat `telemetry`, and not a moment longer.
import { expect, it } from 'vitest'
import { startCore } from '../../support/test-core.ts'

it('nothing is observed while the seat is empty', async () => {
  const { core } = await startCore()
  expect(core.engineTelemetry.isOn).toBe(false)
  expect(core.metrics()).not.toHaveProperty('iii.invocation.duration')
})

it('calls are observed from the moment on in which a plugin takes the seat, until it is removed', async () => {
  const test = await startCore()
  const { core } = test
  const { slot, worker } = test.plugin('observer', { 'engine::seat::telemetry': () => null })
  expect(core.engineTelemetry.isOn).toBe(true)
  const client = await test.connect()
  await client.call('engine::functions::list', {})
  expect(core.engineTelemetry.figures?.functions.get('engine::functions::list')).toMatchObject({ calls: 1, errors: 0 })
  core.router.endWorker(worker, { abnormal: true })
  expect(core.engineTelemetry.isOn, 'while it restarts').toBe(true)
  core.router.removeSlot(slot)
  expect(core.engineTelemetry.isOn).toBe(false)
})

it('telemetry frames that nobody took are among the figures', async () => {
  const test = await startCore()
  const client = await test.connect()
  client.socket.send(Buffer.from('OTLP{}'))
  await client.settled()
  expect(test.core.metrics()).toMatchObject({ 'iii.telemetry.frames.dropped': 1, 'iii.workers.connected': 1 })
})
