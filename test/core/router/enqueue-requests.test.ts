import { expect, test } from 'vitest'
import { EnqueueRequests } from '../../../core/router/enqueue-requests.ts'
import { makeCall, makeWorker } from './calls.ts'

test('a usual request and one that is written anew differ in nothing but what makes it so', () => {
  const requests = new EnqueueRequests()
  const { worker } = makeWorker()
  const read = (functionId: string, queue: string, receipt: string, members: object = {}) => {
    const call = { ...makeCall(worker, functionId, { ü: [1] }), ...members }
    return JSON.parse(requests.write(call, { type: 'enqueue', queue }, receipt).toString())
  }
  const id = 'é::"f"\n\ud800'
  for (const receipt of ['a', 'b']) {
    for (const queue of ['q', 'Q "quoted" ü']) {
      const usual = read(id, queue, receipt)
      expect(usual).toEqual({
        queue,
        function_id: id,
        messageReceiptId: receipt,
        traceparent: null,
        baggage: expect.stringMatching(/^iii\.function\.id=/),
        data: { ü: [1] },
      })
      expect(read(id, queue, receipt, { traceparent: 't' })).toEqual({ ...usual, traceparent: 't' })
      expect(read(id, queue, receipt, { namespace: 'n' })).toEqual({ ...usual, namespace: 'n' })
    }
  }
  // One name is no other's, however they are cut.
  expect([read('ab', 'c', 'r'), read('a', 'bc', 'r')]).toMatchObject([{ function_id: 'ab' }, { function_id: 'a' }])
  // More pairs than are remembered.
  for (let number = 0; number < 600; number++) {
    expect(read(`f${number}`, 'q', 'r')).toMatchObject({ function_id: `f${number}`, messageReceiptId: 'r' })
  }
})

test('a request is whole at any size, and a large one stays as it is while the next ones are written', () => {
  const requests = new EnqueueRequests()
  const { worker } = makeWorker()
  const write = (characters: number): Buffer =>
    requests.write(makeCall(worker, 'f', 'x'.repeat(characters)), { type: 'enqueue', queue: 'q' }, 'receipt')
  for (let characters = 8_000; characters < 8_200; characters++) {
    expect(JSON.parse(write(characters).toString()).data).toHaveLength(characters)
  }
  // A socket takes it by reference.
  const large = write(16 * 1024)
  const text = large.toString()
  write(20_000)
  write(1)
  expect(large.toString()).toBe(text)
})
