// Unmodified clients that have nothing to do for three minutes stay connected (spec 01 check 41, 08 check 26): the newer one ends
// a connection on which nothing comes for 60 s, the engine one that is silent for 75 s.
import { registerWorker as registerWorker22 } from 'iii-sdk'
import { registerWorker as registerWorker11 } from 'iii-sdk-0-11'
import { expect, it } from 'vitest'
import { startCore } from '../../support/test-core.ts'

const QUIET = { otel: { enabled: false }, enableMetricsReporting: false }
/** The engine pings every 25 s. */
const PINGS = 8

it('idle clients of both generations keep their connections', async () => {
  const core = await startCore()
  const clients = [
    registerWorker22(core.url(), { ...QUIET, workerName: 'idle-22' }),
    registerWorker11(core.url(), { ...QUIET, workerName: 'idle-11' }),
  ]
  const clock = await core.connect({ name: 'clock' })
  const ids = async (): Promise<string[]> => {
    const { result } = await clock.call('engine::workers::list', { search: 'idle-' })
    return (result as { workers: { id: string }[] }).workers.map(({ id }) => id)
  }
  await expect.poll(ids).toHaveLength(2)
  const before = await ids()
  let pings = 0
  await new Promise<void>((resolve) => clock.socket.on('ping', () => (++pings === PINGS ? resolve() : undefined)))
  expect(await ids()).toEqual(before)
  await Promise.all(clients.map((client) => client.shutdown()))
}, 300_000)
