// One payload for many functions in one frame, and in one frame back which of the calls have succeeded (`FrameKind.FanOut`,
// `FrameKind.FannedOut`). Failures come as those of other calls do.

/** Ids from here on are those of fan-outs: the number of the fan-out, and the place of the call in it. */
export const FAN_OUT_IDS = 2 ** 31
/** Calls of one frame at most: a router that takes frames in turns with sockets takes no longer for one. */
export const FAN_OUT_CALLS = 256
/** Numbers that fan-outs have, until they begin anew. */
export const FAN_OUT_NUMBERS = FAN_OUT_IDS / FAN_OUT_CALLS

export function fanOutId(number: number, place: number): number {
  return FAN_OUT_IDS + number * FAN_OUT_CALLS + place
}

export function fanOutNumberOf(id: number): number {
  return Math.floor((id - FAN_OUT_IDS) / FAN_OUT_CALLS)
}

export function fanOutPlaceOf(id: number): number {
  return id % FAN_OUT_CALLS
}

/** Who is called, for which binding. In the frame: a JSON array of these. Metadata is JSON text of its own. */
export type FanOutRow = readonly [
  functionId: string,
  binding: string,
  namespace: string | null,
  metadata: string | null,
]

export function fanOutIdsOf(bytes: Buffer): number[] {
  const ids: number[] = []
  for (let at = 0; at + 4 <= bytes.length; at += 4) ids.push(bytes.readUInt32LE(at))
  return ids
}

export function fanOutIdBytes(ids: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(ids.length * 4)
  for (let index = 0; index < ids.length; index++) bytes.writeUInt32LE(ids[index]!, index * 4)
  return bytes
}
