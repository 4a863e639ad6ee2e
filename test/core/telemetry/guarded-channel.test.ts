import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, onTestFinished, test } from 'vitest'
import { guardedChannel } from '../../../core/telemetry/guarded-channel.ts'
import { within } from '../../support/deadline.ts'

let channels = 0
function named(): string {
  return `test:${++channels}`
}

test('a subscriber that throws is told as a warning; the others hear of each message and nothing ends', async () => {
  const name = named()
  const guarded = guardedChannel(name)
  const warned = new Promise<Error>((resolve) => {
    process.on('warning', resolve)
    onTestFinished(() => void process.off('warning', resolve))
  })
  const heard: unknown[] = []
  subscribe(name, () => {
    throw new Error('the subscriber is broken')
  })
  channel(name).subscribe((message) => heard.push(message))
  guarded.publish(1)
  guarded.publish(2)
  expect(heard).toEqual([1, 2])
  expect(await within(1_000, 'a warning', warned)).toMatchObject({
    message: `a subscriber of '${name}' threw`,
    detail: expect.stringContaining('the subscriber is broken'),
  })
})

test('who unsubscribes hears no more, and nobody is left', () => {
  const name = named()
  const guarded = guardedChannel(name)
  const heard: unknown[] = []
  const listener = (message: unknown): void => void heard.push(message)
  subscribe(name, listener)
  guarded.publish(1)
  expect(unsubscribe(name, listener)).toBe(true)
  expect(guarded.hasSubscribers).toBe(false)
  subscribe(name, listener)
  guarded.publish(2)
  expect(heard).toEqual([1, 2])
})

test.each(['iii:invocation', 'iii:worker', 'iii:plugin'])('%s is guarded', async (name) => {
  await import('../../../core/telemetry/channels.ts')
  const broken = (): never => {
    throw new Error('broken')
  }
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  subscribe(name, broken)
  onTestFinished(() => void unsubscribe(name, broken))
  channel(name).publish({})
  expect((await within(1_000, 'a warning', warned)).message).toBe(`a subscriber of '${name}' threw`)
})
