// Control messages of workers: what is accepted leniently, and what is wrong (spec 01 §3, §6).
import { expect, test } from 'vitest'
import { decodeControlMessage } from '../../protocol/control-message.ts'

test.each([
  [
    { type: 'registertrigger', id: 'i', trigger_type: 't', function_id: 'f' },
    { type: 'registertrigger', id: 'i', trigger_type: 't', function_id: 'f', config: {} },
  ],
  [
    {
      type: 'registertrigger',
      id: 'i',
      trigger_type: 't',
      function_id: 'f',
      config: null,
      metadata: null,
      namespace: null,
      message_type: 'registertrigger',
    },
    { type: 'registertrigger', id: 'i', trigger_type: 't', function_id: 'f', config: null },
  ],
  [
    { type: 'registertriggertype', id: 't' },
    { type: 'registertriggertype', id: 't', description: '' },
  ],
  [
    { type: 'registerfunction', id: 'f', description: null, metadata: { a: 1 }, index: 3 },
    { type: 'registerfunction', id: 'f', metadata: { a: 1 } },
  ],
  [
    { type: 'unregistertrigger', id: 'i' },
    { type: 'unregistertrigger', id: 'i' },
  ],
  [
    { type: 'triggerregistrationresult', id: 'i', error: 'no' },
    {
      type: 'triggerregistrationresult',
      id: 'i',
      trigger_type: '',
      function_id: '',
      error: { code: 'invocation_failed', message: 'no' },
    },
  ],
  [
    { type: 'triggerregistrationresult', id: 'i', trigger_type: 't', function_id: 'f', error: null },
    { type: 'triggerregistrationresult', id: 'i', trigger_type: 't', function_id: 'f' },
  ],
  [
    { type: 'registerservice', id: 's', name: '', extra: 1 },
    { type: 'registerservice', id: 's', name: '' },
  ],
  [{ type: 'ping', extra: [] }, { type: 'ping' }],
])('%j is read as %j', (frame, message) => {
  expect(decodeControlMessage(frame)).toEqual(message)
})

test.each([
  'weird',
  'workerregistered',
  'registrationrejected',
  'error',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  '',
])('The type %j is ignored', (type) => {
  expect(decodeControlMessage({ type })).toBeNull()
})

test.each([
  [null],
  [[]],
  ['text'],
  [{}],
  [{ type: 5 }],
  [{ type: 'registerfunction' }],
  [{ type: 'registerfunction', id: '' }],
  [{ type: 'registerfunction', id: 5 }],
  [{ type: 'registertrigger', id: 'i', trigger_type: 't' }],
  [{ type: 'registertrigger', id: 'i', trigger_type: 't', function_id: 'f', namespace: 5 }],
  [{ type: 'registertriggertype', id: 't', namespace: [] }],
  [{ type: 'reattach', reattach_token: 'x' }],
])('%j is a problem', (frame) => {
  expect(decodeControlMessage(frame)).toEqual({ problem: expect.stringMatching(/./) })
})
