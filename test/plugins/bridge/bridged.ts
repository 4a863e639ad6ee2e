// Engines bridged to each other, in this process, and clients of both.
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { RawClient } from '../../support/raw-client.ts'
import type { Engine } from '../../../index.ts'

/** An entry of `iii-bridge`, as a line of YAML. */
export function bridgeTo(url: string, config: Readonly<Record<string, unknown>> = {}, more: object = {}): string {
  return JSON.stringify({ name: 'iii-bridge', config: { url, ...config }, ...more })
}

export interface Bridged {
  /** Has the bridge. */
  readonly here: Engine
  readonly there: Engine
  readonly near: RawClient
  readonly far: RawClient
}

/** @param config of the bridge, beside the address of the other engine. All of it ends with the test. */
export async function bridged(config: Readonly<Record<string, unknown>>): Promise<Bridged> {
  const there = await startRemoteEngine([])
  const here = await startRemoteEngine([bridgeTo(there.url, config)])
  const far = await RawClient.connect(there.url)
  const near = await RawClient.connect(here.url)
  return { here, there, near, far }
}

/** Calls until the function is there: what is exposed appears once the bridge is connected. */
export async function untilProvided(client: RawClient, functionId: string, ms = 10_000): Promise<void> {
  const end = performance.now() + ms
  for (;;) {
    const { result } = await client.call('engine::functions::info', { function_ids: [functionId] })
    const [row] = (result as { functions: { error?: string }[] }).functions
    if (row?.error === undefined) return
    if (performance.now() > end) throw new Error(`${functionId} did not appear within ${ms} ms`)
  }
}
