// A plugin compiled into one module file, with what it was made from.
import { createHash } from 'node:crypto'
import type { Isolation, JsonSchema } from '../../../sdk/plugin.ts'

export interface InputFile {
  readonly path: string
  /** SHA-256 of the content, hex. */
  readonly hash: string
  /** What the file looked like from outside when it had this content; left out while that is not certain. */
  readonly signature?: string
}

export interface Bundle {
  /** Absolute path of the compiled module. */
  readonly file: string
  /** Identifies code: equal for equal inputs and an equal engine. */
  readonly hash: string
  readonly inputs: readonly InputFile[]
  /** What the module declared when it was last imported; undefined until then. */
  readonly declaration: PluginDeclaration | undefined
}

/** The plain data of a plugin's definition (spec 09 §2): all but `start`. */
export interface PluginDeclaration {
  readonly name: string
  readonly description?: string
  readonly version?: string
  readonly config?: JsonSchema
  readonly requires: readonly string[]
  readonly isolation?: Isolation
  readonly overlap: boolean
  /** Left out for false. */
  readonly repeatable?: boolean
  readonly seats: readonly string[]
}

export function contentHash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
