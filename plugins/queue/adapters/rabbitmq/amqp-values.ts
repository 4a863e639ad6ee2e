// Numbers in headers and arguments with the AMQP type that others read there (spec 03 §6.3): left to itself the client takes the smallest
// that fits, and then iii reads no attempts at all.

export interface TypedNumber {
  readonly '!': 'uint32' | 'int32'
  readonly value: number
}

const LARGEST_UINT32 = 2 ** 32 - 1

/** `i` on the wire. */
export function uint32(value: number): TypedNumber {
  return { '!': 'uint32', value: Math.min(Math.max(0, Math.trunc(value)), LARGEST_UINT32) }
}

/** `I` on the wire. */
export function int32(value: number): TypedNumber {
  return { '!': 'int32', value }
}

/** A number of any AMQP type, or in a text. */
export function numberIn(headers: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = headers[name]
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

export function textIn(headers: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
