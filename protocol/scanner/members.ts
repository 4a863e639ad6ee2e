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
/** The known keys with their closing quotes in rows of one array: found faster than an array each. */
const ROW_BYTES = 16
const KEYS = Buffer.concat(NAMES.map((name) => Buffer.alloc(ROW_BYTES, `${name}"`.padEnd(ROW_BYTES))))

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

/** The member whose key, closing quote included, stands at `start`; Other = none does. */
export function memberAt(frame: Buffer, start: number): Member {
  if (start + 1 >= frame.length) return Member.Other
  const member = candidate(frame[start]!, frame[start + 1]!)
  if (member === Member.Other) return member
  const length = KEY_BYTES[member]!
  if (start + length > frame.length) return Member.Other
  const row = member * ROW_BYTES
  for (let index = 1; index < length; index++) if (frame[start + index] !== KEYS[row + index]) return Member.Other
  return member
}

/** The only member whose key can begin with these two bytes. */
function candidate(first: number, second: number): Member {
  switch (first) {
    case 0x64: // d
      return Member.Data
    case 0x69: // i
      return Member.InvocationId
    case 0x66: // f
      return Member.FunctionId
    case 0x74: // t
      return second === 0x79 ? Member.Type : Member.Traceparent
    case 0x72: // r
      return Member.Result
    case 0x65: // e
      return Member.Error
    case 0x6d: // m
      return Member.Metadata
    case 0x61: // a
      return Member.Action
    case 0x6e: // n
      return Member.Namespace
    case 0x62: // b
      return Member.Baggage
    default:
      return Member.Other
  }
}
