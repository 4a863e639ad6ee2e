// Frames mutated by a seeded fuzzer over a real socket: the engine stays, whoever can be answered is, and what is passed on can be parsed.
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { engineUnderTest, report } from './engine-under-test.ts'

const engine = engineUnderTest()
const SEEDS = [1, 2, 3, 4]
const FRAMES = 10_000
const GROWTH_MIB = 150

/** xorshift32: the same frames in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = (seed * 0x9e3779b9) >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const VALID = [
  '{"type":"invokefunction","invocation_id":"ID","function_id":"fuzz::echo","data":{"a":[1,2.5e-3,"x\\u00e9\\n",null,true],"b":{"c":{}}}}',
  '{"type":"invokefunction","invocation_id":"ID","function_id":"fuzz::echo","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","baggage":"k=v","metadata":{"m":1},"data":"text \\" and \\\\"}',
  '{"type":"invokefunction","invocation_id":"ID","function_id":"fuzz::echo","data":{},"action":{"type":"void"}}',
  '{"type":"invokefunction","invocation_id":"ID","function_id":"fuzz::echo","data":[1],"action":{"type":"enqueue","queue":"q"}}',
  '{"type":"invocationresult","invocation_id":"ID","function_id":"fuzz::echo","result":{"n":1}}',
  '{"type":"invocationresult","invocation_id":"ID","function_id":"fuzz::echo","error":{"code":"c","message":"m"}}',
  '{"type":"registerfunction","id":"fuzz::own","description":"d","metadata":{"k":1},"request_format":{"type":"object"}}',
  '{"type":"unregisterfunction","id":"fuzz::own"}',
  '{"type":"registertriggertype","id":"fuzz-type","description":"d"}',
  '{"type":"registertrigger","id":"t","trigger_type":"fuzz-type","function_id":"fuzz::own","config":{"a":1},"metadata":{}}',
  '{"type":"unregistertrigger","id":"t","trigger_type":"fuzz-type"}',
  '{"type":"triggerregistrationresult","id":"t","trigger_type":"fuzz-type","function_id":"fuzz::own"}',
  '{"type":"reattach","previous_worker_id":"00000000-0000-4000-8000-000000000000","reattach_token":"x"}',
  '{"type":"ping"}',
]
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\\u',
  '\\ud800',
  'null',
  'NaN',
  '-',
  '1e999',
  '"type"',
  '"data":',
  '\u0000',
  '\u2028',
  '"__proto__":{}',
  ' ',
  '"invocation_id":7',
]

function mutate(text: string, random: (below: number) => number): string {
  let frame = text
  for (let changes = random(4); changes > 0; changes--) {
    const at = random(frame.length + 1)
    const length = random(8)
    const piece = PIECES[random(PIECES.length)] ?? ''
    switch (random(5)) {
      case 0:
        frame = frame.slice(0, at) + piece + frame.slice(at)
        break
      case 1:
        frame = frame.slice(0, at) + frame.slice(at + length)
        break
      case 2:
        frame = frame.slice(0, at) + piece + frame.slice(at + length)
        break
      case 3:
        frame = frame.slice(0, at)
        break
      default:
        frame = frame.slice(0, at) + frame.slice(random(frame.length + 1))
    }
  }
  return frame
}

it.each(SEEDS)(
  '10,000 mutated frames (seed %i) harm nobody',
  async (seed) => {
    const random = randomNumbers(seed)
    const others = await engine.bystanders()
    const provider = await engine.connect('provider')
    await provider.register('fuzz::echo', (data) => data)
    const fuzzer = await engine.connect('fuzzer')
    let unreadable = 0
    const owed: { frame: string; answer: Promise<unknown> }[] = []
    const growth = await engine.growthDuring(`${FRAMES} mutated frames, seed ${seed}`, async () => {
      for (let n = 0; n < FRAMES; n++) {
        const template = VALID[random(VALID.length)] ?? ''
        const id = `fuzz-${seed}-${n}`
        const frame = mutate(template, random).replace('ID', id)
        if (parsed(frame) === undefined) unreadable++
        if (isAnswerable(frame, id)) owed.push({ frame, answer: fuzzer.answerTo(id, 15_000, frame) })
        fuzzer.socket.send(random(10) === 0 ? Buffer.from(frame) : frame)
        if (n % 1000 === 0) await fuzzer.call('engine::health::check', {})
      }
      // Everything before it on this connection has been handled.
      await fuzzer.call('engine::health::check', {})
      await Promise.all(owed.map(({ answer }) => answer))
    })
    report(`${owed.length} of them were owed an answer and got it`)
    expect(owed.length).toBeGreaterThan(FRAMES / 20)
    // The engine checks the class of bytes in a payload, not the whole grammar; what it writes itself is always JSON.
    expect(unreadable).toBeGreaterThan(0)
    expect(provider.unreadable.length).toBeLessThanOrEqual(unreadable)
    expect(fuzzer.unreadable.filter((frame) => frame.startsWith('{"type":"invocationresult"'))).toEqual([])
    expect(growth).toBeLessThan(GROWTH_MIB)
    expect(fuzzer.socket.readyState).toBe(WebSocket.OPEN)
    expect(await fuzzer.result('fuzz::echo', 'whole')).toBe('whole')
    expect((await others.stop()).calls).toBeGreaterThan(0)
  },
  60_000,
)

/** A call that JSON.parse can read, with the id under which it waits: a client would wait for it. */
function isAnswerable(frame: string, id: string): boolean {
  const message = parsed(frame)
  if (typeof message !== 'object' || message === null) return false
  const { type, invocation_id: invocationId, function_id: functionId, action } = message as Record<string, unknown>
  if (type !== 'invokefunction' || invocationId !== id || typeof functionId !== 'string') return false
  return (action as { type?: unknown } | null | undefined)?.type !== 'void'
}

function parsed(frame: string): unknown {
  try {
    return JSON.parse(frame)
  } catch {
    return undefined
  }
}
