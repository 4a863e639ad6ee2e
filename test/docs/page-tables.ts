// Reads the tables of a page that are written by hand, for tests that hold them against the code.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './snippets.ts'

/** Names in code in the first column of the table at or after the line which begins with `intro`; a cell may hold several. */
export function namesAfter(page: string, intro: string): string[] {
  const lines = readFileSync(path.join(ROOT, page), 'utf8').split('\n')
  const from = lines.findIndex((line) => line.startsWith(intro))
  if (from === -1) throw new Error(`no line of ${page} begins with '${intro}'`)
  const head = lines.findIndex((line, index) => index >= from && line.startsWith('|'))
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'))
  return lines
    .slice(head + 2, end === -1 ? undefined : end)
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''))
}
