// What a file looks like from outside: changes with every change of it, also where a tool gives it an older time.
import type { Stats } from 'node:fs'

export function signatureOf({ size, mtimeMs, ctimeMs, ino }: Stats): string {
  return `${size} ${mtimeMs} ${ctimeMs} ${ino}`
}
