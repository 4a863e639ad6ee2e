// The SDK of pages. Published as `iii-host/browser`: one file without dependencies (spec 08 §16, §17).
import { BROWSER_ENDS, type ChannelReader, type ChannelWriter } from './browser/channels.ts'
import { NO_CALL_CONTEXTS } from './call-contexts.ts'
import { randomUuid } from '../base/values/random-uuid.ts'
import type { ChannelOf } from './handle-types.ts'
import { Client } from './client/client.ts'
import { checkedAddress, checkedNamespace, type ClientOptions } from './client/options.ts'
import { BROWSER_SOCKETS } from './transports/browser-sockets.ts'

export * from './client/names.ts'
export { ChannelReader, ChannelWriter } from './browser/channels.ts'

/** What `registerWorker` takes in a page. */
export interface InitOptions extends ClientOptions {
  /** Accepted for code that runs in Node too, and ignored: a page can send none. Put what the auth function needs into the query of the address. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What `registerWorker` returns in a page. */
export class IIIClient extends Client<ChannelReader, ChannelWriter> {}

/** A stream of text and binary items with two ends, each of which may be used here or be passed on by its ref. */
export interface Channel extends ChannelOf<ChannelReader, ChannelWriter> {}

/** The name of `IIIClient` in code of old. */
export type ISdk = IIIClient

/**
 * Connects this page to an engine, as a worker. Returns at once: what is registered and called before the connection is there waits for it.
 * Throws when the address is none.
 */
export function registerWorker(address: string, options: InitOptions = {}): IIIClient {
  const { workerName = `browser:${randomUuid().slice(0, 8)}`, workerDescription } = options
  const namespace = checkedNamespace(options.namespace)
  const worker = {
    name: workerName,
    ...(workerDescription === undefined ? {} : { description: workerDescription }),
    ...(namespace === undefined ? {} : { namespace }),
  }
  const surface = { ends: BROWSER_ENDS, contexts: NO_CALL_CONTEXTS, platform: BROWSER_SOCKETS, worker }
  return new IIIClient(checkedAddress(address), surface, options)
}
