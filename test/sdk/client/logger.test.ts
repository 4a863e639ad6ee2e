// Lines of workers: in the log of the engine while there is one, else on the console (spec 08 §11).
import { afterEach, expect, it, vi } from 'vitest'
import { Logger } from '../../../sdk.ts'
import { startCore } from '../../support/test-core.ts'
import { connect, SURFACES } from './clients.ts'

const [{ sdk }] = SURFACES
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'

afterEach(() => {
  vi.restoreAllMocks()
})

it('a line of a handler is in the log of the engine, with its data, its worker and the trace of the call', async () => {
  vi.stubEnv('OTEL_ENABLED', '')
  const onConsole = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const core = await startCore()
  const iii = connect(sdk, core.url(), { workerName: 'printer' })
  const circle: Record<string, unknown> = { sheets: 3, at: new Date(0), big: 1n, none: null, left: undefined }
  circle['self'] = circle
  iii.registerFunction('print', () => {
    new Logger(undefined, 'paper').warn('paper is low', circle)
    return 'printed'
  })
  const caller = await core.connect()
  const traceparent = `00-${TRACE_ID}-00f067aa0ba902b7-01`
  await expect.poll(async () => (await caller.call('print', {}, { traceparent })).result).toBe('printed')
  await expect.poll(() => core.logged('warn')).toHaveLength(1)
  expect(core.logged('warn')[0]).toMatchObject({
    msg: 'paper is low',
    worker: 'printer',
    service: 'paper',
    trace_id: TRACE_ID,
    data: { sheets: 3, at: '1970-01-01T00:00:00.000Z', big: '1', none: null, self: '[Circular]' },
  })
  expect(onConsole).not.toHaveBeenCalled()
})

it('without a connection, and where that is not wanted, lines go to the console', async () => {
  const levels = ['debug', 'info', 'warn', 'error'] as const
  const spies = levels.map((level) => vi.spyOn(console, level).mockImplementation(() => {}))
  for (const level of levels) new Logger()[level]('alone', { level })
  expect(spies.map(({ mock }) => mock.calls)).toEqual(levels.map((level) => [['alone', { level }]]))
  const core = await startCore()
  const iii = connect(sdk, core.url(), { otel: { enabled: false } })
  await iii.listFunctions()
  new Logger().info('not wanted')
  expect(spies[1]!.mock.calls.at(-1)).toEqual(['not wanted'])
})

it('a worker that has ended takes no lines any more', async () => {
  vi.stubEnv('OTEL_ENABLED', 'true')
  const info = vi.spyOn(console, 'info').mockImplementation(() => {})
  const core = await startCore()
  const iii = connect(sdk, core.url())
  await iii.listFunctions()
  new Logger().info('to the engine')
  await iii.shutdown()
  new Logger().info('to the console')
  expect(info.mock.calls).toEqual([['to the console']])
})
