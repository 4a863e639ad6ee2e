import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { stopSignals } from '../../bin/stop-signals.ts'

function pressed(ignoresHangup = false) {
  const source = new EventEmitter()
  let clock = 0
  let insisted = 0
  const signals = stopSignals(source, () => insisted++, { ignoresHangup, now: () => clock })
  return {
    signals,
    source,
    press: (signal: NodeJS.Signals, at: number) => {
      clock = at
      source.emit(signal, signal)
    },
    insisted: () => insisted,
  }
}

it('hands over the first signal', async () => {
  const { signals, press } = pressed()
  press('SIGTERM', 0)
  expect(await signals.first).toBe('SIGTERM')
})

it('takes the end of the terminal as a wish to stop, unless it is to be ignored', async () => {
  const { signals, press } = pressed()
  press('SIGHUP', 0)
  expect(await signals.first).toBe('SIGHUP')
  const ignoring = pressed(true)
  ignoring.press('SIGHUP', 0)
  ignoring.press('SIGTERM', 1)
  expect(await ignoring.signals.first).toBe('SIGTERM')
})

it('takes signals that arrive together as one press', () => {
  const { press, insisted } = pressed()
  press('SIGINT', 0)
  press('SIGINT', 5)
  press('SIGTERM', 249)
  expect(insisted()).toBe(0)
})

it('takes a later signal as insisting', () => {
  const { press, insisted } = pressed()
  press('SIGINT', 0)
  press('SIGINT', 250)
  expect(insisted()).toBe(1)
})

it('leaves no listeners behind', () => {
  const { signals, source } = pressed()
  signals.close()
  expect(source.eventNames()).toEqual([])
})
