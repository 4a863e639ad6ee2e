// W3C trace context on its way through the engine (spec 01 §9.5).
import type { Call } from '../model/call.ts'

const BUILT_IN =
  /^(engine::|state::|stream::|configuration::|iii::|iii-[^:]*::|bridge\.|motia::|steps::)|^(publish|motia_step_get)$/

export function isBuiltInId(functionId: string): boolean {
  return BUILT_IN.test(functionId)
}

/** Names the target in the baggage of a call that carries a context, so that the callee's spans are attributed to it. */
export function attributeBaggage(call: Call): void {
  if (!isBuiltInId(call.functionId)) call.baggage = baggageFor(call)
}

/** The caller's baggage with `iii.function.id` set to the target, exactly once; the other entries stay as they are. */
export function baggageFor(call: Call): string {
  const others = (call.baggage ?? '')
    .split(',')
    .filter((entry) => entry.trim() !== '' && !/^\s*iii\.function\.id\s*=/.test(entry))
  return [...others, `iii.function.id=${encodeBaggage(call.functionId)}`].join(',')
}

/** An id may hold half of a surrogate pair, which has no UTF-8 to encode. */
function encodeBaggage(value: string): string {
  return value
    .toWellFormed()
    .replace(/[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/gu, (character) => encodeURIComponent(character))
}
