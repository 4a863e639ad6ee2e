// Two workers that have nothing to do with the fault at hand: one calls the other again and again, and every call must succeed.
import { setTimeout as pause } from 'node:timers/promises'
import { RawWorker } from './raw-worker.ts'

/** Time between an answer and the next call: enough calls to notice a stall, too few to load the machine. */
const PACE_MS = 5
/** Far below the time-outs of clients, far above what a loaded machine takes. */
const CALL_MS = 10_000

export interface Bystanders {
  /** Ends the calls and both workers. Throws when one of the calls failed; resolves with their number and the longest time that one took. */
  stop(): Promise<{ calls: number; worstMs: number }>
}

export async function bystanders(url: string): Promise<Bystanders> {
  const provider = await RawWorker.connect(url, 'bystander-provider')
  const caller = await RawWorker.connect(url, 'bystander-caller')
  await provider.register('bystander::double', ({ n }) => n * 2)
  const ending = new AbortController()
  let worstMs = 0
  let calls = 0
  const loop = (async () => {
    while (!ending.signal.aborted) {
      const began = performance.now()
      const result = await caller.result('bystander::double', { n: calls }, CALL_MS)
      if (result !== calls * 2) throw new Error(`call ${calls} got the answer ${JSON.stringify(result)}`)
      worstMs = Math.max(worstMs, performance.now() - began)
      calls++
      await pause(PACE_MS)
    }
  })()
  // It is reported by `stop`, which a test may reach long after.
  loop.catch(() => {})
  return {
    async stop() {
      ending.abort()
      await loop
      await Promise.all([provider.close(), caller.close()])
      return { calls, worstMs: Math.round(worstMs) }
    },
  }
}
