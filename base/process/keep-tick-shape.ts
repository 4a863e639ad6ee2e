// Keeps `process.nextTick` fast after a full collection (docs/decisions/2026-12-01-ticks-after-collections.md).
import { executionAsyncResource } from 'node:async_hooks'

/** What the first tick was: to be reachable is all that it is for. */
export const kept: { tick?: object } = {}

/**
 * To be called in each thread, as early as can be. Node makes an object for each tick, from a literal with computed keys. Where V8 collects
 * while none is alive, the shape of these objects goes too; the literal is then taken to make objects of many shapes, and each tick costs
 * two calls of V8's runtime for as long as the thread lives. So one of them is kept.
 */
export function keepTickShape(): void {
  if (kept.tick === undefined) process.nextTick(() => (kept.tick = executionAsyncResource()))
}
