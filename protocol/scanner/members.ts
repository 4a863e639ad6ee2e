// Which member of the envelope a key names: by its bytes, without making a string. Keys with escapes go through `memberNamed`.

/** Members that the scanner knows, numbered. The texts, which are decoded, come before the values, which are forwarded. */
export const Member = {
  Type: 0,
  InvocationId: 1,
  FunctionId: 2,
  Namespace: 3,
  Traceparent: 4,
  Baggage: 5,
  Data: 6,
  Result: 7,
  Error: 8,
  Metadata: 9,
  Action: 10,
  Other: 11,
} as const
export type Member = (typeof Member)[keyof typeof Member]

const NAMES = [
  'type',
  'invocation_id',
  'function_id',
  'namespace',
  'traceparent',
  'baggage',
  'data',
  'result',
  'error',
  'metadata',
  'action',
]
/** Bytes of each known key with its closing quote. */
const KEY_BYTES = Uint8Array.from(NAMES, (name) => name.length + 1)

/** Bytes of the longest known key with its quotes when each character is a `\u` escape: a longer one need not be decoded. */
export const MAX_ESCAPED_KEY_BYTES = 2 + 6 * 'invocation_id'.length

/** The member of a decoded key. */
export function memberNamed(name: string): Member {
  const index = NAMES.indexOf(name)
  return index === -1 ? Member.Other : (index as Member)
}

/** Bytes of the key of a known member with its closing quote. */
export function keyBytes(member: Member): number {
  return KEY_BYTES[member]!
}

/**
 * The member whose key, closing quote included, stands at `start`; Other = none does.
 * Written out: a loop over tables of keys takes twice as long, and every frame comes here once per member.
 */
export function memberAt(frame: Buffer, start: number): Member {
  const room = frame.length - start
  if (room < 5) return Member.Other
  switch (frame[start]) {
    case 0x64: // data
      return frame[start + 1] === 0x61 &&
        frame[start + 2] === 0x74 &&
        frame[start + 3] === 0x61 &&
        frame[start + 4] === 0x22
        ? Member.Data
        : Member.Other
    case 0x69: // invocation_id
      return room >= 14 &&
        frame[start + 1] === 0x6e &&
        frame[start + 2] === 0x76 &&
        frame[start + 3] === 0x6f &&
        frame[start + 4] === 0x63 &&
        frame[start + 5] === 0x61 &&
        frame[start + 6] === 0x74 &&
        frame[start + 7] === 0x69 &&
        frame[start + 8] === 0x6f &&
        frame[start + 9] === 0x6e &&
        frame[start + 10] === 0x5f &&
        frame[start + 11] === 0x69 &&
        frame[start + 12] === 0x64 &&
        frame[start + 13] === 0x22
        ? Member.InvocationId
        : Member.Other
    case 0x66: // function_id
      return room >= 12 &&
        frame[start + 1] === 0x75 &&
        frame[start + 2] === 0x6e &&
        frame[start + 3] === 0x63 &&
        frame[start + 4] === 0x74 &&
        frame[start + 5] === 0x69 &&
        frame[start + 6] === 0x6f &&
        frame[start + 7] === 0x6e &&
        frame[start + 8] === 0x5f &&
        frame[start + 9] === 0x69 &&
        frame[start + 10] === 0x64 &&
        frame[start + 11] === 0x22
        ? Member.FunctionId
        : Member.Other
    case 0x74: // type or traceparent
      if (frame[start + 1] === 0x72)
        return room >= 12 &&
          frame[start + 1] === 0x72 &&
          frame[start + 2] === 0x61 &&
          frame[start + 3] === 0x63 &&
          frame[start + 4] === 0x65 &&
          frame[start + 5] === 0x70 &&
          frame[start + 6] === 0x61 &&
          frame[start + 7] === 0x72 &&
          frame[start + 8] === 0x65 &&
          frame[start + 9] === 0x6e &&
          frame[start + 10] === 0x74 &&
          frame[start + 11] === 0x22
          ? Member.Traceparent
          : Member.Other
      return frame[start + 1] === 0x79 &&
        frame[start + 2] === 0x70 &&
        frame[start + 3] === 0x65 &&
        frame[start + 4] === 0x22
        ? Member.Type
        : Member.Other
    case 0x72: // result
      return room >= 7 &&
        frame[start + 1] === 0x65 &&
        frame[start + 2] === 0x73 &&
        frame[start + 3] === 0x75 &&
        frame[start + 4] === 0x6c &&
        frame[start + 5] === 0x74 &&
        frame[start + 6] === 0x22
        ? Member.Result
        : Member.Other
    case 0x65: // error
      return room >= 6 &&
        frame[start + 1] === 0x72 &&
        frame[start + 2] === 0x72 &&
        frame[start + 3] === 0x6f &&
        frame[start + 4] === 0x72 &&
        frame[start + 5] === 0x22
        ? Member.Error
        : Member.Other
    case 0x6d: // metadata
      return room >= 9 &&
        frame[start + 1] === 0x65 &&
        frame[start + 2] === 0x74 &&
        frame[start + 3] === 0x61 &&
        frame[start + 4] === 0x64 &&
        frame[start + 5] === 0x61 &&
        frame[start + 6] === 0x74 &&
        frame[start + 7] === 0x61 &&
        frame[start + 8] === 0x22
        ? Member.Metadata
        : Member.Other
    case 0x61: // action
      return room >= 7 &&
        frame[start + 1] === 0x63 &&
        frame[start + 2] === 0x74 &&
        frame[start + 3] === 0x69 &&
        frame[start + 4] === 0x6f &&
        frame[start + 5] === 0x6e &&
        frame[start + 6] === 0x22
        ? Member.Action
        : Member.Other
    case 0x6e: // namespace
      return room >= 10 &&
        frame[start + 1] === 0x61 &&
        frame[start + 2] === 0x6d &&
        frame[start + 3] === 0x65 &&
        frame[start + 4] === 0x73 &&
        frame[start + 5] === 0x70 &&
        frame[start + 6] === 0x61 &&
        frame[start + 7] === 0x63 &&
        frame[start + 8] === 0x65 &&
        frame[start + 9] === 0x22
        ? Member.Namespace
        : Member.Other
    case 0x62: // baggage
      return room >= 8 &&
        frame[start + 1] === 0x61 &&
        frame[start + 2] === 0x67 &&
        frame[start + 3] === 0x67 &&
        frame[start + 4] === 0x61 &&
        frame[start + 5] === 0x67 &&
        frame[start + 6] === 0x65 &&
        frame[start + 7] === 0x22
        ? Member.Baggage
        : Member.Other
    default:
      return Member.Other
  }
}
