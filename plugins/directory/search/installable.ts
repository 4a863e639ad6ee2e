// Workers of the registry that could be added for what is searched for: those that are not there yet and have most of its words.
import type { RegistryInfo, WorkerRegistry, WorkerRow } from '../../../kit/registry/worker-registry.ts'
import { roundRobin } from './bm25.ts'
import { MAX_CANDIDATES, MAX_INSTALLABLE, MAX_INSTALLABLE_FUNCTIONS } from './bounds.ts'
import type { SearchContext } from './functions.ts'
import { shortDescription, type FoundFunction } from './found-function.ts'
import { wordsOf } from './words.ts'

export interface InstallableWorker {
  readonly name: string
  readonly version: string | null
  readonly description: string
  readonly functions: readonly FoundFunction[]
  /** A call that adds it. */
  readonly install: { readonly function: string; readonly payload: unknown }
}

/** Of the words of a capability; below it, the worker does something else. */
const LEAST_SHARE = 0.5

interface Candidate {
  readonly row: WorkerRow
  readonly functions: RegistryInfo['api_reference']['functions']
  /** Of the words that were searched for. */
  readonly share: number
}

export async function installable(
  capabilities: readonly string[],
  { place, call }: SearchContext,
): Promise<InstallableWorker[]> {
  const [registry, { workers }, installed] = await Promise.all([
    place.registry(),
    call({ function_id: 'engine::workers::list', payload: {} }) as Promise<{
      workers: readonly { readonly name: string | null }[]
    }>,
    place.installedNames(),
  ])
  const there = new Set([...workers.map(({ name }) => name), ...(installed ?? [])])
  const lists = await Promise.all(capabilities.map((capability) => candidates(capability, registry, there)))
  const chosen = roundRobin(lists, ({ row }) => row.name).slice(0, MAX_INSTALLABLE)
  let left = MAX_INSTALLABLE_FUNCTIONS
  return chosen.map(({ row, functions }, index) => {
    // The last one gets what the others leave.
    const share = index === chosen.length - 1 ? left : Math.ceil(MAX_INSTALLABLE_FUNCTIONS / chosen.length)
    const shown = functions.slice(0, Math.min(left, share))
    left -= shown.length
    return {
      name: row.name,
      version: row.version,
      description: shortDescription(row.description ?? ''),
      functions: shown.map(({ name, description }) => ({
        function_id: name,
        description: shortDescription(description),
      })),
      install: {
        function: 'worker::add',
        payload: { source: { kind: 'registry', name: row.name }, wait: true },
      },
    }
  })
}

/** The best first. */
async function candidates(
  capability: string,
  registry: WorkerRegistry,
  there: ReadonlySet<string | null>,
): Promise<Candidate[]> {
  const words = [...new Set(wordsOf(capability))]
  const page = await registry.list({ search: words.join(' ') })
  const rows = page.workers.filter(({ name }) => !there.has(name)).slice(0, MAX_CANDIDATES)
  // One that can't be looked into is no reason to leave out the others.
  const read = await Promise.all(rows.map((row) => lookInto(row, words, registry).catch(() => undefined)))
  return read
    .filter((each) => each !== undefined)
    .filter(({ share }) => share >= LEAST_SHARE)
    .sort((one, other) => other.share - one.share || other.row.total_downloads - one.row.total_downloads)
}

async function lookInto(row: WorkerRow, words: readonly string[], registry: WorkerRegistry): Promise<Candidate> {
  const { api_reference } = await registry.info({ name: row.name })
  const { functions } = api_reference
  const texts = [row.name, row.description ?? '', ...functions.flatMap(({ name, description }) => [name, description])]
  const having = new Set(texts.flatMap(wordsOf))
  return { row, functions, share: words.filter((word) => having.has(word)).length / words.length }
}
