// What the functions of skills, prompts and profiles read and publish alike.
import type { InputObject, InputReader } from '../../../kit/functions/input-reader.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'

export const TEXT: JsonSchema = { type: 'string' }
export const TEXT_OR_NULL: JsonSchema = { type: ['string', 'null'] }
export const MODIFIED_AT: JsonSchema = { type: 'string', format: 'date-time' }
export const BYTES: JsonSchema = { type: 'integer', description: 'Of the file.' }
export const RAW: JsonSchema = { type: ['boolean', 'null'], description: 'True: the answer has the whole file too.' }
export const CONTENT: JsonSchema = {
  type: 'string',
  description: 'The whole file, frontmatter included; at most 256 KiB.',
}

/** Absent, null and blank count as nothing. */
export function optionalText(input: InputObject, member: string, reader: InputReader): string | undefined {
  const value = input[member]
  if (value === undefined || value === null) return undefined
  const text = reader.string(input, member).trim()
  return text === '' ? undefined : text
}

/** Absent and null count as false. */
export function optionalFlag(input: InputObject, member: string, reader: InputReader): boolean {
  const value = input[member] ?? false
  return typeof value === 'boolean' ? value : reader.wrong(input, member, 'true or false')
}

/** The answer of a `get`: with the whole file only where that was asked for. */
export function withRaw<Answer extends { readonly raw: string }>(answer: Answer, isWanted: boolean): object {
  if (isWanted) return answer
  const { raw: _raw, ...rest } = answer
  return rest
}
