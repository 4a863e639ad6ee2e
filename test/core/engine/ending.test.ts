// The end of the engine's parts: in order, and with a deadline each.
import { expect, test } from 'vitest'
import { endInOrder, type EndingPart } from '../../../core/ending.ts'
import { createLog } from '../../../core/log.ts'
import { ManualClock } from '../host/manual-clock.ts'

test('One part ends after the other, and those that are not there are passed over', async () => {
  const { ended, part, end } = scene()
  const first = Promise.withResolvers<void>()
  const parts = end([part('first', first.promise), { name: 'none', ms: 1, end: () => undefined }, part('second')])
  expect(ended).toEqual(['first'])
  first.resolve()
  expect(await parts).toEqual([])
  expect(ended).toEqual(['first', 'second'])
})

test('One that hangs is named at its deadline and holds up nobody', async () => {
  const { ended, part, end, clock, lines } = scene()
  const parts = end([part('first', new Promise(() => {})), part('second')])
  clock.move(1_000)
  expect(await parts).toEqual(['first'])
  expect(ended).toEqual(['first', 'second'])
  expect(lines.join()).toContain('first did not end within 1000 ms; the engine ends without')
})

test('One that fails is logged and holds up nobody', async () => {
  const { ended, part, end, lines } = scene()
  expect(await end([part('first', Promise.reject(new Error('broken'))), part('second')])).toEqual([])
  expect(ended).toEqual(['first', 'second'])
  expect(lines.join()).toContain('first could not be ended')
})

function scene() {
  const clock = new ManualClock()
  const lines: string[] = []
  const log = createLog({ level: 'error', pretty: false, write: (line) => lines.push(line) })
  const ended: string[] = []
  const part = (name: string, ends: Promise<void> = Promise.resolve()): EndingPart => ({
    name,
    ms: 1_000,
    end: () => {
      ended.push(name)
      return ends
    },
  })
  return { clock, lines, ended, part, end: (parts: readonly EndingPart[]) => endInOrder(parts, log, clock) }
}
