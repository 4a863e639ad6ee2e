// Invocation ids of the load: UUIDs whose last twelve digits say which call (8 digits) sits in which slot (4 digits).
// An answer finds its call by arithmetic instead of a map, and one that comes twice or late is told by its sequence.

export const ID_LENGTH = 36
/** Slots that four digits can name. */
export const MAX_SLOTS = 0x10000
/** Everything before the digits that vary. */
const ID_PREFIX = '00000000-0000-4000-8000-'

const SEQUENCE_AT = ID_PREFIX.length
const SLOT_AT = SEQUENCE_AT + 8
const HEX = Buffer.from('0123456789abcdef')
const NIBBLE = new Int8Array(256).fill(-1)
for (const [value, digit] of HEX.entries()) NIBBLE[digit] = value

/** Writes the digits that vary into an id that begins at `idAt`. */
export function writeCallId(into: Buffer, idAt: number, sequence: number, slot: number): void {
  writeHex(into, idAt + SEQUENCE_AT, 8, sequence)
  writeHex(into, idAt + SLOT_AT, 4, slot)
}

export function callIdText(sequence: number, slot: number): string {
  return ID_PREFIX + sequence.toString(16).padStart(8, '0') + slot.toString(16).padStart(4, '0')
}

/** Slot of the id at `idAt`; -1 when it is none of ours. */
export function readSlot(from: Buffer, idAt: number): number {
  return readHex(from, idAt + SLOT_AT, 4)
}

/** Slot of an id as text; -1 when it is none of ours. */
export function slotOfText(id: string): number {
  return id.length === ID_LENGTH && id.startsWith(ID_PREFIX) ? readHex(Buffer.from(id, 'latin1'), SLOT_AT, 4) : -1
}

function writeHex(into: Buffer, at: number, digits: number, value: number): void {
  let rest = value
  for (let digit = at + digits - 1; digit >= at; digit--) {
    into[digit] = HEX[rest & 15]!
    rest >>>= 4
  }
}

function readHex(from: Buffer, at: number, digits: number): number {
  let value = 0
  for (let digit = at; digit < at + digits; digit++) {
    const nibble = NIBBLE[from[digit]!]!
    if (nibble === -1) return -1
    value = value * 16 + nibble
  }
  return value
}
