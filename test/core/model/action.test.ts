import { expect, test } from 'vitest'
import { actionAt } from '../../../core/model/action.ts'

function read(json: string): unknown {
  const frame = Buffer.from(`{"action":${json}}`)
  return actionAt(frame, '{"action":'.length, frame.length - 1)
}

test('an action is read the same for the first and for the second time', () => {
  for (const queue of ['orders', 'Ö', 'ö', '']) {
    const json = JSON.stringify({ type: 'enqueue', queue })
    expect([read(json), read(json)]).toEqual([JSON.parse(json), JSON.parse(json)])
  }
  expect([read('{"type":"void"}'), read('{"type":"void"}'), read('null')]).toEqual([
    { type: 'void' },
    { type: 'void' },
    null,
  ])
})

test('one that says more than a queue is read anew, and what is none is none each time', () => {
  const further = JSON.stringify({ type: 'enqueue', queue: 'q', delay_ms: 5 })
  expect(read(further)).not.toBe(read(further))
  for (const json of ['{"type":"other"}', '{"type":"enqueue"}', '[]', '1', '{"type":"enqueue","queue":1}']) {
    expect([read(json), read(json)]).toEqual([undefined, undefined])
  }
})

test('more queues than are remembered, and names of any length', () => {
  for (let number = 0; number < 600; number++) {
    const queue = `q${number}`.repeat(number % 100 === 0 ? 100 : 1)
    expect(read(JSON.stringify({ type: 'enqueue', queue }))).toEqual({ type: 'enqueue', queue })
  }
})
