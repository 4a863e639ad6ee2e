// The two surfaces of the SDK for tests that both must pass: Node's, and that of pages on the WebSocket that Node has too.
import { onTestFinished } from 'vitest'
import * as browser from '../../../browser.ts'
import * as node from '../../../sdk.ts'

export const SURFACES = [
  { name: 'iii-host/sdk', sdk: node },
  { name: 'iii-host/browser', sdk: browser as unknown as typeof node },
] as const

export type Sdk = typeof node
export type Client = node.IIIClient

/** Comes back quickly, and is shut down when the test is over. */
export function connect({ registerWorker }: Sdk, url: string, options: node.InitOptions = {}): Client {
  const iii = registerWorker(url, { reconnectionConfig: { initialDelayMs: 10, maxDelayMs: 50 }, ...options })
  onTestFinished(() => iii.shutdown())
  return iii
}

export async function failureOf(call: Promise<unknown>): Promise<any> {
  return call.then(
    (value) => {
      throw new Error(`it did not fail, but gave ${JSON.stringify(value)}`)
    },
    (error: unknown) => error,
  )
}
