// A worker's manifest `iii.worker.yaml` (spec 05 B.6): what it says once it was read.

export const MANIFEST_FILE = 'iii.worker.yaml'
export const MAX_MANIFEST_BYTES = 64 * 1024

export interface Manifest {
  readonly name: string
  readonly description: string | undefined
  /** Runs the worker. undefined: it is inferred. */
  readonly start: string | undefined
  /** Runs once before. Empty: nothing is to run, undefined: nothing was said. */
  readonly install: string | undefined
  readonly setup: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  /** Deprecated members from which a start command is inferred. */
  readonly legacy: {
    readonly kind: string | undefined
    readonly entry: string | undefined
    readonly packageManager: string | undefined
  }
  /** Which of the members were there that packages of a registry must not have. */
  readonly unsafe: readonly string[]
}

/** What `worker::validate` answers, and the manifest where it is valid. */
export interface ReadManifest {
  readonly valid: boolean
  readonly name: string | null
  readonly errors: readonly string[]
  readonly unknown_keys: readonly string[]
  readonly deprecated_keys: readonly string[]
  readonly warnings: readonly string[]
  readonly manifest?: Manifest
}
