// A function as a search answers it, with the beginning of its description.
import { MAX_DESCRIPTION_BYTES } from './bounds.ts'

export interface FoundFunction {
  readonly function_id: string
  readonly description: string
}

/** Cut between characters. */
export function shortDescription(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_DESCRIPTION_BYTES) return text
  let end = MAX_DESCRIPTION_BYTES - Buffer.byteLength('…')
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return `${bytes.toString('utf8', 0, end)}…`
}
