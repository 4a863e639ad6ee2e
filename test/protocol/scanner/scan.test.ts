// The rules of the envelope, one by one (spec 01 §3, §6, §17).
import { describe, expect, it } from 'vitest'
import { FrameKind } from '../../../protocol/scanner/envelope.ts'
import { expectAsParsed, scan } from './reference-scan.ts'

const ID = '5d7f0c9e-3e0f-4a54-8f52-0d7cfb4f7b11'
const LONG = 'x'.repeat(5000)

function range(frame: string, start: number, end: number): string | undefined {
  return start === -1 ? undefined : Buffer.from(frame).toString('utf8', start, end)
}

function dataOf(frame: string): string | undefined {
  const found = scan(frame)
  expect(found.problem).toBe('')
  return range(frame, found.dataStart, found.dataEnd)
}

describe('frames that SDKs send', () => {
  const frames = [
    '{"type":"registerfunction","description":"desc","request_format":{"type":"object"},"metadata":{"k":1},"id":"a::b"}',
    '{"type":"registertrigger","function_id":"a::b","config":{"q":1},"metadata":{"m":1},"id":"1","message_type":"registertrigger","trigger_type":"mine"}',
    `{"type":"invokefunction","invocation_id":"${ID}","function_id":"z::q","data":{},"action":{"type":"enqueue","queue":"jobs"},"metadata":{"s":1}}`,
    `{"type":"invokefunction","invocation_id":"${ID}","function_id":"z::nopayload"}`,
    `{"type":"invocationresult","invocation_id":"${ID}","function_id":"a::b","result":null,"traceparent":"00-1-2-01"}`,
    `{"type":"invocationresult","invocation_id":"${ID}","function_id":"a::b","error":{"code":"invocation_failed","message":"boom"}}`,
    '{"type":"ping"}',
  ]
  it.each(frames)('%s', (frame) => expectAsParsed(Buffer.from(frame), JSON.parse(frame)))
})

describe('leniency', () => {
  it('takes an invokefunction without data', () => {
    const found = scan('{"type":"invokefunction","function_id":"f"}')
    expect(found).toMatchObject({ kind: FrameKind.Invoke, functionId: 'f', invocationId: undefined, dataStart: -1 })
  })

  it.each(['registertrigger', 'registertriggertype', 'no such type', ''])(
    'leaves a control message to its reader: %s',
    (type) => {
      expect(scan(JSON.stringify({ type, id: 1 }))).toMatchObject({ kind: FrameKind.Control, type })
    },
  )

  it.each(['x', 'not a uuid', 'ü'.repeat(128), 'a"b\\c'])(
    'takes any invocation id of up to 128 characters: %s',
    (id) => {
      const found = scan(JSON.stringify({ type: 'invokefunction', function_id: 'f', invocation_id: id }))
      expect(found).toMatchObject({ kind: FrameKind.Invoke, invocationId: id })
    },
  )

  it.each([['""'], ['7'], ['true'], ['{}'], ['["a"]'], [JSON.stringify('x'.repeat(129))]])(
    'refuses the invocation id %s',
    (id) => {
      for (const type of ['invokefunction', 'invocationresult']) {
        const found = scan(`{"type":"${type}","function_id":"f","invocation_id":${id}}`)
        expect(found).toMatchObject({ kind: FrameKind.Invalid, type, invocationId: undefined })
        expect(found.problem).toContain('invocation_id')
      }
    },
  )

  it.each(['', ',"function_id":""', ',"function_id":null', ',"function_id":5'])(
    'refuses a call without a function id, and says whom to answer: %s',
    (member) => {
      const found = scan(`{"type":"invokefunction","invocation_id":"${ID}"${member}}`)
      expect(found).toMatchObject({ kind: FrameKind.Invalid, type: 'invokefunction', invocationId: ID })
      expect(found.problem).toContain('function_id')
    },
  )

  it('refuses a namespace that is no string, and leaves a blank one to the router', () => {
    const frame = (namespace: string) => scan(`{"type":"invokefunction","function_id":"f","namespace":${namespace}}`)
    expect(frame('3').problem).toContain('namespace')
    expect(frame('" "')).toMatchObject({ kind: FrameKind.Invoke, namespace: ' ' })
  })

  it('takes null for an absent optional member', () => {
    const found = scan(
      '{"type":"invokefunction","function_id":"f","invocation_id":null,"traceparent":null,"baggage":null,"metadata":null,"action":null,"namespace":null,"error":null}',
    )
    expect(found).toMatchObject({ kind: FrameKind.Invoke, invocationId: undefined, namespace: undefined })
    expect(found).toMatchObject({ traceparent: undefined, baggage: undefined })
    expect([found.metadataStart, found.actionStart, found.errorStart]).toEqual([-1, -1, -1])
  })

  it('takes null as a value of data and result', () => {
    expect(dataOf('{"type":"invokefunction","function_id":"f","data": null }')).toBe('null')
    const frame = '{"type":"invocationresult","invocation_id":"1","result": null }'
    const found = scan(frame)
    expect(range(frame, found.resultStart, found.resultEnd)).toBe('null')
  })

  it('takes trace context that is no string for absent', () => {
    const found = scan('{"type":"invokefunction","function_id":"f","traceparent":5,"baggage":{"a":1}}')
    expect(found).toMatchObject({ kind: FrameKind.Invoke, traceparent: undefined, baggage: undefined })
  })

  it('takes a result without function id, and with one of the wrong type', () => {
    for (const member of ['', ',"function_id":null', ',"function_id":[1]']) {
      const found = scan(`{"type":"invocationresult","invocation_id":"1"${member}}`)
      expect(found).toMatchObject({ kind: FrameKind.Result, functionId: '' })
    }
  })

  it('refuses a result without invocation id', () => {
    expect(scan('{"type":"invocationresult","function_id":"f"}').problem).toContain('invocation_id')
  })
})

describe('members', () => {
  it('come in any order, type last', () => {
    const frame = `{"data":{"type":"ping","invocation_id":"no"},"invocation_id":"${ID}","function_id":"f","type":"invokefunction"}`
    expect(scan(frame)).toMatchObject({ kind: FrameKind.Invoke, invocationId: ID, functionId: 'f' })
    expect(dataOf(frame)).toBe('{"type":"ping","invocation_id":"no"}')
  })

  it('count as they were given last', () => {
    const frame = '{"type":"ping","data":1,"function_id":"a","data":[2],"type":"invokefunction","function_id":"b"}'
    expect(scan(frame)).toMatchObject({ kind: FrameKind.Invoke, functionId: 'b' })
    expect(dataOf(frame)).toBe('[2]')
    expect(
      scan('{"type":"invokefunction","function_id":"a","invocation_id":"1","invocation_id":null}').invocationId,
    ).toBe(undefined)
  })

  it('are known by keys with escapes, too', () => {
    const frame = '{"t\\u0079pe":"invoke\\u0066unction","\\u0066unction_id":"a\\nb","d\\u0061ta":{"x":1}}'
    expect(scan(frame)).toMatchObject({ kind: FrameKind.Invoke, type: 'invokefunction', functionId: 'a\nb' })
    expect(dataOf(frame)).toBe('{"x":1}')
  })

  it('that only look like known ones are skipped', () => {
    const frame =
      '{"type":"invokefunction","function_id":"f","datum":1,"dat":2,"data_":3,"types":4,"typ":5,"t":6,"":7,"Data":8}'
    expect(dataOf(frame)).toBe(undefined)
  })

  it('of a scan before leave nothing behind', () => {
    scan(
      `{"type":"invokefunction","function_id":"f","invocation_id":"1","namespace":"n","data":1,"metadata":2,"bad":NaN,"k":"\\n"}`,
    )
    expect(scan('{"type":"invokefunction","function_id":"g"}')).toMatchObject({
      kind: FrameKind.Invoke,
      problem: '',
      invocationId: undefined,
      namespace: undefined,
      dataStart: -1,
      metadataStart: -1,
    })
  })

  it('with a long text or key are read as well', () => {
    expect(scan(JSON.stringify({ type: 'invokefunction', function_id: LONG, [LONG]: LONG })).functionId).toBe(LONG)
    expect(scan(JSON.stringify({ [`${LONG}"`]: 1, type: 'invokefunction', function_id: `${LONG}\n` })).functionId).toBe(
      `${LONG}\n`,
    )
  })
})

describe('payloads', () => {
  it.each([
    '1',
    '0',
    '-0',
    '-12.50e+3',
    '1E5',
    'true',
    'false',
    'null',
    '""',
    '"x"',
    '"\\u00e9\\n"',
    '[]',
    '{}',
    '[ [ ] , { } ]',
  ])('%s', (data) => {
    expect(dataOf(`{"type":"invokefunction","function_id":"f","data" : ${data} ,"pad":"${LONG}"}`)).toBe(data)
    expect(dataOf(`{"type":"invokefunction","function_id":"f","data":${data}}`)).toBe(data)
  })

  const wrong = [
    'NaN', '-Infinity', 'Infinity', 'undefined', 'nul', 'truex', '01', '1.', '.5', '+1', '1e', '--1', '0x10', "'a'",
    '"\\x"', '"\\u12g4"', '"\\u12"', '"a\tb"', '"a\nb"', '"\u0000"',
    '[NaN]', '{"a":Infinity}', '{"a":undefined}', "{'a':1}", '[-Infinity]', '{id:1}', '[1;2]', '["\\q"]', '["\u0001"]', '["\\u00"]',
    '{]', '[}', '{"a":[}]', '[[}]', '{{]}', '[/* */]', '[\u00a0]', '[\ufeff]', '[\u000b]',
  ] // oxfmt-ignore
  it.each(wrong)('refuses %j in every position and length, and finds the ids behind it', (value) => {
    for (const pad of ['', 'y'.repeat(40), LONG]) {
      const found = scan(
        `{"pad":"${pad}","data":${value},"type":"invokefunction","invocation_id":"${ID}","tail":"${pad}"}`,
      )
      expect(found.kind).toBe(FrameKind.Invalid)
      expect(found).toMatchObject({ type: 'invokefunction', invocationId: ID })
      expect(found.problem).toContain('not JSON')
    }
  })
})

describe('frames that are not JSON objects', () => {
  const frames = [
    '', '   ', 'null', '5', '"type"', '[]', '[{"type":"ping"}]', 'not json', '{', '{"', '{"type', '{"type"', '{"type":', '{"type":"ping"',
    '{"type":"ping",}', '{,"type":"ping"}', '{"type":"ping"}x', '{"type":"ping"}}', '{"type":"ping"}{}', '{"type" "ping"}', '{"type":}',
    '{"type":,"a":1}', '{"type"::"ping"}', '{"type":"ping" "a":1}', '{type:"ping"}', "{'type':'ping'}", '{"type":"ping","data":{}', '{]',
    '{"type":"ping"]', '{"type":"ping","d":[}', '{"type":"ping","d":"}', '\ufeff{"type":"ping"}', '{"a\nb":1,"type":"ping"}',
    '{"a\\x":1,"type":"ping"}', '{}', '{"type":null}', '{"type":1}', '{"type":["ping"]}', '{"type":{}}',
  ] // oxfmt-ignore
  it.each(frames)('%j', (frame) => {
    const found = scan(frame)
    expect(found.kind).toBe(FrameKind.Invalid)
    expect(found.problem).not.toBe('')
  })

  it.each([
    ['[]', 'an array'],
    [' [{"type":"ping"}, 1]\n', 'an array'],
    ['5', 'a number'],
    ['-1.5e3 ', 'a number'],
    ['null', 'null'],
    ['\ttrue', 'true'],
    ['false', 'false'],
    ['""', 'a string'],
    ['"{}"', 'a string'],
  ])('but JSON all the same are said to be no object: %j', (frame, what) => {
    expect(scan(frame).problem).toBe(`it must be an object with a 'type', got ${what}`)
  })

  it.each(['[', '[1,]', '[] 1', '"', '"a', '"a" b', 'nul', '5 5', '-', '01', '', '\ufeff[]', '\u00a0[]'])(
    'and no JSON either are said to be none: %j',
    (frame) => {
      expect(scan(frame).problem).toMatch(/^not JSON/)
    },
  )

  it('name the call to answer if its id came before the end', () => {
    const found = scan(`{"type":"invokefunction","invocation_id":"${ID}","function_id":"f","data":{"a":[1,2}`)
    expect(found).toMatchObject({ kind: FrameKind.Invalid, type: 'invokefunction', invocationId: ID, functionId: 'f' })
  })

  it('may be random bytes', () => {
    for (let byte = 0; byte < 256; byte++) {
      expect(scan(Uint8Array.of(byte)).kind).toBe(FrameKind.Invalid)
      expect(scan(Uint8Array.of(0x7b, byte)).kind).toBe(FrameKind.Invalid)
      expect(scan(new Uint8Array(3000).fill(byte)).kind).toBe(FrameKind.Invalid)
    }
  })
})
