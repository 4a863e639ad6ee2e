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
