// Reads the frames of a connection that are neither calls nor results. Pure.
import { parseUnrounded } from '../../base/values/exact-json.ts'
import { decodeControlMessage, type Decoded } from '../../protocol/control-message.ts'
import type { RegisterFunction } from '../../protocol/messages.ts'
import { dropForgedCaller } from '../model/forged-caller.ts'

/** How SDKs begin the frame that comes by the ten thousand when a fleet of workers is back. */
const REGISTRATION = '{"type":"registerfunction",'
/** Where its type differs from all others, and what stands there. */
const TYPE_AT = REGISTRATION.indexOf('f')
const TYPE_BYTE = REGISTRATION.charCodeAt(TYPE_AT)

/** What is registered is passed on and shown as it was sent, but for what a session may not say. */
export function readControl(frame: Buffer, isSession: boolean): Decoded {
  return decode(frame.utf8Slice(), isSession)
}

function decode(text: string, isSession: boolean): Decoded {
  let parsed: unknown
  try {
    parsed = parseUnrounded(text)
  } catch (error) {
    return { problem: (error as Error).message }
  }
  if (isSession) dropForgedCaller(parsed)
  return decodeControlMessage(parsed)
}

/**
 * A text frame of a trusted worker that registers a function: it is parsed anyway, and need not be scanned first. Undefined = it is
 * something else, or faulty, which the scanner tells.
 */
export function readRegistration(frame: Buffer): RegisterFunction | undefined {
  if (frame[TYPE_AT] !== TYPE_BYTE) return undefined
  const text = frame.utf8Slice()
  if (!text.startsWith(REGISTRATION)) return undefined
  const message = decode(text, false)
  // Of several members of one name the last one counts.
  return message !== null && 'type' in message && message.type === 'registerfunction' ? message : undefined
}
