// Which of a function's providers gets the next call (spec 01 §8.2, 8.8; design, "The life of a call" step 2): one of the nearest tier
// that is open, of those the one with the least in flight. Sessions and trusted workers never provide an id together.
import { turnNow } from '../../base/time/turn-clock.ts'
import type { EngineOptions } from '../model/options.ts'
import type { FunctionEntry, Provider } from '../model/function-entry.ts'
import { tierOf } from '../model/tier.ts'
import type { Worker } from '../model/worker.ts'

type ChoiceOptions = Pick<EngineOptions, 'duplicate_functions' | 'unresponsive_ms'>

/**
 * The provider for the next call, or undefined when none can be written to.
 * @param aboveBytes only one that takes larger frames than that.
 */
export function chooseProvider(entry: FunctionEntry, options: ChoiceOptions, aboveBytes = 0): Provider | undefined {
  const { providers } = entry
  if (providers.length === 1) {
    const only = providers[0] as Provider
    return isOpen(only) && owns(entry, only) && takesMore(only, aboveBytes) ? only : undefined
  }
  return chooseAmong(entry, options, aboveBytes)
}

function chooseAmong(entry: FunctionEntry, options: ChoiceOptions, aboveBytes: number): Provider | undefined {
  const { providers } = entry
  const count = providers.length
  let best: Provider | undefined
  let bestIndex = 0
  // Start behind the last one chosen: among equals that is round-robin.
  for (let step = 0; step < count; step++) {
    const index = (entry.cursor + step) % count
    const candidate = providers[index] as Provider
    if (!isOpen(candidate) || !owns(entry, candidate) || !takesMore(candidate, aboveBytes)) continue
    if (best === undefined || isBetter(entry, candidate, best, options)) {
      best = candidate
      bestIndex = index
    }
  }
  if (best !== undefined) entry.cursor = (bestIndex + 1) % count
  return best
}

function isBetter(entry: FunctionEntry, candidate: Provider, best: Provider, options: ChoiceOptions): boolean {
  const tier = tierOf(entry, candidate)
  const bestTier = tierOf(entry, best)
  if (tier !== bestTier) return tier < bestTier
  if (options.duplicate_functions === 'replace') return candidate.order > best.order
  if (candidate.worker.suspectedZombie !== best.worker.suspectedZombie) return best.worker.suspectedZombie
  const silent = isSilent(candidate.worker, options)
  if (silent !== isSilent(best.worker, options)) return !silent
  const congested = candidate.worker.link.congested
  if (congested !== best.worker.link.congested) return !congested
  return candidate.worker.inFlight < best.worker.inFlight
}

/** Calls have waited for it for long, and it has answered none: whoever else there is, is more likely to. */
export function isSilent(worker: Worker, { unresponsive_ms: ms }: Pick<EngineOptions, 'unresponsive_ms'>): boolean {
  return worker.waiting > 0 && ms > 0 && worker.silentMs(turnNow()) > ms
}

function isOpen(provider: Provider): boolean {
  return provider.worker.phase === 'open' && provider.worker.link.open
}

function takesMore(provider: Provider, bytes: number): boolean {
  return bytes === 0 || provider.worker.link.maxFrameBytes > bytes
}

/** While a plugin owns the id, other providers are shadowed. */
function owns(entry: FunctionEntry, provider: Provider): boolean {
  return entry.slot === undefined || provider.worker.slot === entry.slot
}
