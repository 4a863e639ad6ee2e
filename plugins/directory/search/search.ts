// Carries out a search over functions: each capability is ranked by itself, and the lists are merged in turn.
import { settlesWithin } from '../../../base/time/deadline.ts'
import { Bm25, roundRobin, type SearchText } from './bm25.ts'
import { MAX_FUNCTIONS, MAX_SEARCHED_FUNCTIONS, MAX_WORKERS, REGISTRY_MS } from './bounds.ts'
import type { SearchContext } from './functions.ts'
import { shortDescription, type FoundFunction } from './found-function.ts'
import { installable, type InstallableWorker } from './installable.ts'

export interface FoundWorker {
  readonly namespace: string
  readonly functions: readonly FoundFunction[]
}

export interface SearchAnswer {
  readonly guidance: string
  readonly workers: readonly FoundWorker[]
  readonly installable?: readonly InstallableWorker[]
  readonly latency_ms: number
}

const GUIDANCE = {
  found:
    'Call engine::functions::info with a function_id to read its schemas, then call it. Nothing that fits: search again in other words.',
  installable:
    'Nothing that is registered does this. A worker under `installable` can be added: call install.function with install.payload, then search again.',
  both: 'Call engine::functions::info with a function_id to read its schemas, then call it. Where none of them fits, a worker under `installable` can be added: call install.function with install.payload.',
  nothing:
    'Nothing was found. Search in other words, or call directory::registry::workers::list to see which workers could be added.',
} as const

export async function searchFunctions(capabilities: readonly string[], context: SearchContext): Promise<SearchAnswer> {
  const began = performance.now()
  const [workers, more] = await Promise.all([registered(capabilities, context), fromRegistry(capabilities, context)])
  const kind = workers.length > 0 ? (more.length > 0 ? 'both' : 'found') : more.length > 0 ? 'installable' : 'nothing'
  return {
    guidance: GUIDANCE[kind],
    workers,
    ...(more.length > 0 && { installable: more }),
    latency_ms: Math.round(performance.now() - began),
  }
}

async function registered(capabilities: readonly string[], { call }: SearchContext): Promise<FoundWorker[]> {
  const { functions } = (await call({ function_id: 'engine::functions::list', payload: {} })) as {
    functions: readonly { readonly function_id: string; readonly description?: string | null }[]
  }
  const texts = functions
    .filter(({ function_id }) => !function_id.startsWith('engine::'))
    .slice(0, MAX_SEARCHED_FUNCTIONS)
    .map(({ function_id, description }): SearchText => ({ name: function_id, description: description ?? '' }))
  const index = await Bm25.of(texts)
  const found = roundRobin(
    capabilities.map((capability) => index.rank(capability)),
    ({ name }) => name,
  )
  return byNamespace(found)
}

function byNamespace(found: readonly SearchText[]): FoundWorker[] {
  const workers = new Map<string, FoundFunction[]>()
  let count = 0
  for (const { name, description } of found) {
    if (count === MAX_FUNCTIONS) break
    const [namespace = name] = name.split('::')
    if (!workers.has(namespace) && workers.size === MAX_WORKERS) continue
    const functions = workers.get(namespace) ?? []
    functions.push({ function_id: name, description: shortDescription(description) })
    workers.set(namespace, functions)
    count++
  }
  return [...workers].map(([namespace, functions]) => ({ namespace, functions }))
}

/** What a registry does not say in time, or at all, is left out: the functions that are there are what counts. */
async function fromRegistry(capabilities: readonly string[], context: SearchContext): Promise<InstallableWorker[]> {
  if (!context.place.registrySearch()) return []
  let found: InstallableWorker[] = []
  const looking = installable(capabilities, context).then(
    (workers) => void (found = workers),
    (error: Error) => context.log.debug(`the registry is left out of a search: ${error.message}`),
  )
  await settlesWithin(looking, REGISTRY_MS)
  return found
}
