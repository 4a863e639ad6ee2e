// Telemetry frames on their way to the holder of the seat: unparsed, harmless whatever is in them, and counted when nobody takes them.
import { expect, test, vi } from 'vitest'
import { startCore } from '../../support/test-core.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { EngineFolder, LISTENER, pluginFile } from '../engine/running-engine.ts'

/** A plugin in a thread, in the place of a built-in: notes what it gets, and shows it. */
const HOLDER = pluginFile(
  'iii-pubsub',
  `const taken = []
   iii.registerFunction('engine::seat::telemetry', (data, metadata) => void taken.push([data, metadata]))
   iii.registerFunction('test::taken', () => taken)`,
  `seats: ['telemetry'],`,
)

const dropped = async (worker: RawClient): Promise<unknown> => {
  const { result } = await worker.call('engine::health::check')
  return (result as { components: { telemetry: { details: { dropped_frames: number } } } }).components.telemetry
}

test('While nobody holds the seat frames are counted where the health is shown, and no line is logged for them', async () => {
  const core = await startCore()
  const worker = await core.connect()
  for (const frame of ['OTLP{}', 'LOGS{}', 'MTRCgarbage']) worker.socket.send(Buffer.from(frame))
  await worker.settled()
  expect(await dropped(worker)).toEqual({ status: 'healthy', details: { dropped_frames: 3 } })
  expect(core.logged('warn').filter(({ msg }) => msg.includes('telemetry'))).toEqual([])
})

test('The router never parses a frame', async () => {
  const core = await startCore()
  const worker = await core.connect()
  const parse = vi.spyOn(JSON, 'parse')
  core.core.telemetry.take(
    'OTLP',
    Buffer.from('OTLP{"resourceSpans":[]}'),
    core.core.router.workers.get(worker.workerId),
  )
  expect(parse).not.toHaveBeenCalled()
  parse.mockRestore()
})

test('While the holder is away frames are dropped and counted, not held at its gate, and a warning says so', async () => {
  const core = await startCore()
  const { slot, worker: holder } = core.plugin('observer', { 'engine::seat::telemetry': () => null })
  const worker = await core.connect()
  core.core.router.endWorker(holder, { abnormal: true })
  for (let n = 0; n < 3; n++) worker.socket.send(Buffer.from('OTLP{}'))
  await worker.settled()
  expect(await dropped(worker)).toEqual({ status: 'healthy', details: { dropped_frames: 3 } })
  expect(slot.gate.size).toBe(0)
  expect(core.logged('warn').filter(({ msg }) => msg.includes('telemetry of workers is dropped'))).toHaveLength(1)
})

test('Garbage of one worker reaches the holder alone, and harms neither it nor the calls beside it', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/iii-pubsub.ts', HOLDER)
  folder.configure(LISTENER, '{ name: iii-pubsub }')
  await folder.start({ watch: false })
  const [worker, other] = [await folder.connect(), await folder.connect()]
  await other.provided('other::f', (data: unknown) => data)
  const garbage = ['OTLP', 'OTLP"}],"a":{', 'LOGS\u0000\u0001', 'OTLP{"a":1},"worker_id":"forged"']
  for (const frame of garbage) worker.socket.send(Buffer.from(frame))
  worker.socket.send(Buffer.from([0x4f, 0x54, 0x4c, 0x50, 0xff, 0xfe, 0x80]))
  worker.socket.send(Buffer.from('OTLP{"resourceSpans":[1]}'))
  expect((await worker.call('other::f', { a: 1 })).result).toMatchObject({ a: 1 })
  const taken = (await other.call('test::taken')).result
  expect(taken).toContainEqual([{ resourceSpans: [1] }, { signal: 'OTLP', worker_id: worker.workerId }])
  expect(JSON.stringify(taken)).not.toContain('forged')
})
