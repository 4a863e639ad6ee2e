// The end of a bridge: what is under way may still be answered, for a while.
import { expect, test } from 'vitest'
import { openBridge } from '../../../kit/bridge/bridge.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { within } from '../../support/deadline.ts'
import { startCore } from '../../support/test-core.ts'

async function bridged(closeMs?: number) {
  const core = await startCore()
  const remote = await core.connect()
  const called = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<string>()
  await remote.provided('remote::slow', () => {
    called.resolve()
    return answer.promise
  })
  const options = closeMs === undefined ? {} : { closeMs }
  const bridge = openBridge({
    url: core.url(),
    workerName: 'b',
    setting: 'the setting',
    log: collectingLog(),
    ...options,
  })
  const outcome = bridge.call('remote::slow', '{}').catch((error: Error) => error.message)
  await called.promise
  return { bridge, answer, outcome }
}

test('a call under way is answered before the connection ends', async () => {
  const { bridge, answer, outcome } = await bridged()
  const closed = bridge.close()
  answer.resolve('done')
  expect(await outcome).toBe('"done"')
  await within(5_000, 'the end of the bridge', closed)
})

test('one that is not answered within closeMs fails, and the message says that it may have been carried out', async () => {
  const { bridge, outcome } = await bridged(20)
  await within(5_000, 'the end of the bridge', bridge.close())
  expect(await outcome).toMatch(/\(the setting\) was closed\. The call may have been carried out\./)
  await expect(bridge.call('remote::slow', '{}')).rejects.toThrow(/\(the setting\) is closed\. The call was not sent\./)
})
