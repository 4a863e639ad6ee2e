// What lies with an installed package: which one it is, and which files it must have. A folder without a receipt is no package.
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from '../../../base/values/is-record.ts'

export const RECEIPT_FILE = '.iii-receipt.json'

export interface Receipt {
  readonly type: 'bundle' | 'binary'
  readonly version: string
  /** Of what was downloaded. */
  readonly sha256: string
  /** Paths below the folder, with `/`. */
  readonly files: readonly string[]
  /** Defaults that its registry names. */
  readonly config: Readonly<Record<string, unknown>>
  /** Ids of functions that its registry names. */
  readonly functions: readonly string[]
}

/** undefined: there is no such package, or parts of it are gone. */
export async function readReceipt(folder: string): Promise<Receipt | undefined> {
  const text = await readFile(join(folder, RECEIPT_FILE), 'utf8').catch(() => undefined)
  const receipt = text === undefined ? undefined : parseReceipt(text)
  if (receipt === undefined) return undefined
  const there = await Promise.all(receipt.files.map((file) => isThere(join(folder, file))))
  return there.every(Boolean) ? receipt : undefined
}

function parseReceipt(text: string): Receipt | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isRecord(value)) return undefined
    const { type, version, sha256, files, config, functions } = value
    const isWhole =
      (type === 'bundle' || type === 'binary') &&
      typeof version === 'string' &&
      typeof sha256 === 'string' &&
      isTexts(files) &&
      isTexts(functions) &&
      isRecord(config)
    return isWhole ? { type, version, sha256, files, config, functions } : undefined
  } catch {
    return undefined
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
