// Waiting until a handle takes calls again.
import { expect, test } from 'vitest'
import { Handle } from '../../sdk/handle.ts'
import { within } from '../support/deadline.ts'
import { RecordingTransport } from './recording-transport.ts'

test('drained resolves at once unless the handle is congested', async () => {
  const handle = new Handle(new RecordingTransport(), { onProblem: () => {} })
  expect(handle.congested).toBe(false)
  await within(5_000, 'drained', handle.drained())
})

test('drained resolves when the transport has drained and is not congested again', async () => {
  const transport = new RecordingTransport()
  const handle = new Handle(transport, { onProblem: () => {} })
  transport.congested = true
  let drained = false
  const waiting = handle.drained().then(() => (drained = true))
  transport.receiver.onDrained()
  await Promise.resolve()
  expect([handle.congested, drained]).toEqual([true, false])
  transport.congested = false
  transport.receiver.onDrained()
  await within(5_000, 'drained', waiting)
})

test('drained resolves at the end of the connection', async () => {
  const transport = new RecordingTransport()
  const handle = new Handle(transport, { onProblem: () => {} })
  transport.congested = true
  const waiting = handle.drained()
  transport.open = false
  transport.receiver.onClosed()
  await within(5_000, 'drained', waiting)
})
