// What a reading of the configuration has found wrong or odd, each with its place.
import { basename } from 'node:path'
import type { ConfigDocument } from './config-document.ts'
import { ConfigError } from './config-error.ts'
import type { ConfigProblem } from './config-error.ts'
import type { JsonPath } from '../../base/values/json-path.ts'

export class Findings {
  readonly #problems: ConfigProblem[] = []
  readonly #warnings: string[] = []
  readonly #document: ConfigDocument | null
  readonly #strict: boolean

  /** `strict` (`--strict-config`) turns oddities into problems. `document` is null for the embedded default. */
  constructor(document: ConfigDocument | null, strict: boolean) {
    this.#document = document
    this.#strict = strict
    this.#warnings.push(...(document?.warnings ?? []))
    for (const { line, message } of document?.oddities ?? []) {
      if (document !== null && strict) this.#problems.push({ file: document.file, line, message })
      else if (document !== null) this.#warnings.push(`${basename(document.file)}:${line}: ${message}`)
    }
  }

  problem(path: JsonPath, message: string, remedy?: string): void {
    const file = this.#document?.file ?? null
    const place = this.#document === null ? {} : { line: this.#document.lineOf(path) }
    this.#problems.push({ file, ...place, message, ...(remedy === undefined ? {} : { remedy }) })
  }

  warn(path: JsonPath, message: string): void {
    this.#warnings.push(`${this.originOf(path)}: ${message}`)
  }

  /** What a stricter engine would refuse: a warning, or with `--strict-config` a problem. */
  oddity(path: JsonPath, message: string, remedy?: string): void {
    if (this.#strict) this.problem(path, message, remedy)
    else this.warn(path, message)
  }

  /** `iii-config.yaml:12`, or `(default)`. */
  originOf(path: JsonPath): string {
    return this.#document === null ? '(default)' : `${basename(this.#document.file)}:${this.#document.lineOf(path)}`
  }

  /** Lines, and texts that YAML does not read as such, of the parts of a value, by JSON pointer inside it. */
  partsOf(path: JsonPath): Partial<ReturnType<ConfigDocument['partsOf']>> {
    return this.#document?.partsOf(path) ?? {}
  }

  get warnings(): readonly string[] {
    return this.#warnings
  }

  throwIfAny(): void {
    if (this.#problems.length > 0) throw new ConfigError('', this.#problems)
  }
}
