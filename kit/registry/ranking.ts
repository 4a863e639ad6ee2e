// How well a worker fits a search (spec 05 A.3), and the order of listings: by that, then by downloads, then by name.
import type { WorkerRow } from './shapes.ts'

export interface Ranked {
  readonly row: WorkerRow
  /** 0 where nothing was searched for. */
  readonly score: number
}

export interface Searchable {
  readonly row: WorkerRow
  readonly aliases: readonly string[]
  readonly tags: readonly string[]
  readonly functionNames: readonly string[]
}

const NAME = 1
const NAME_BEGINS = 0.8
const NAME_HAS_ALL = 0.6
const TEXT_HAS_SOME = 0.4

/** 0 = does not fit. */
export function scoreOf({ row, aliases, tags, functionNames }: Searchable, search: string): number {
  const wanted = search.trim().toLowerCase()
  const names = [row.name, ...aliases].map((name) => name.toLowerCase())
  if (names.includes(wanted)) return NAME
  if (names.some((name) => name.startsWith(wanted))) return NAME_BEGINS
  const terms = termsOf(wanted)
  if (terms.length === 0) return 0
  const labels = [...names, ...tags].join('\n').toLowerCase()
  if (terms.every((term) => labels.includes(term))) return NAME_HAS_ALL
  const text = [labels, row.description ?? '', ...functionNames].join('\n').toLowerCase()
  return (TEXT_HAS_SOME * terms.filter((term) => text.includes(term)).length) / terms.length
}

export function termsOf(search: string): string[] {
  return search
    .toLowerCase()
    .split(/[\s\-_]+|::/)
    .filter((term) => term !== '')
}

export function byRank(one: Ranked, other: Ranked): number {
  return (
    other.score - one.score ||
    other.row.total_downloads - one.row.total_downloads ||
    (one.row.name < other.row.name ? -1 : 1)
  )
}
