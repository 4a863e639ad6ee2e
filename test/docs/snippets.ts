// Reads the fenced blocks of a page together with what their info strings ask for (docs/README.md lists the forms).
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type Snippet = { readonly line: number; readonly text: string } & (
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'run' | 'fails' | 'background' | 'output' | 'ci' | 'shown' }
)

const KINDS = ['run', 'fails', 'background', 'output', 'ci'] as const

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The pages at the root and all under docs/, relative to the root. */
export function pages(): string[] {
  return [...globSync('*.md', { cwd: ROOT }).sort(), ...globSync('docs/**/*.md', { cwd: ROOT }).sort()]
}

/** True for pages that tell their reader to run something. The page that explains the forms has none. */
export function hasCommands(page: string): boolean {
  return snippetsOf(page).some(({ kind }) => kind === 'run')
}

export function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(`${ROOT}/${page}`, 'utf8')
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map((match): Snippet => {
    const [, info = '', body = ''] = match
    const line = text.slice(0, match.index).split('\n').length
    const words = info.trim().split(/\s+/)
    const name = words.find((word) => word.startsWith('file='))?.slice('file='.length)
    if (name !== undefined) return { line, text: body, kind: 'file', name }
    return { line, text: body, kind: KINDS.find((kind) => words.includes(kind)) ?? 'shown' }
  })
}

export function commandsIn(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
}
