// The SDK of Node workers. Published as `iii-host/sdk` (spec 08 §17).
import { hostname } from 'node:os'
import { ASYNC_CALL_CONTEXTS } from './call-context.ts'
import { Client } from './client/client.ts'
import { checkedAddress, checkedNamespace, type ClientOptions } from './client/options.ts'
import { NODE_ENDS, type ChannelReader, type ChannelWriter } from './node/channels.ts'
import { NODE_SOCKETS } from './transports/node-sockets.ts'

export { ChannelReader, ChannelWriter } from './node/channels.ts'
export { InvocationError, InvocationError as IIIInvocationError, RegistrationRejectedError } from './errors.ts'
export { TriggerAction } from './trigger-action.ts'

/** Where an engine listens when nothing else is said. */
export const DEFAULT_ENGINE_URL = 'ws://127.0.0.1:49134'

/** What `registerWorker` takes. */
export interface InitOptions extends ClientOptions {
  /** Sent when connecting, for the auth function of a listener. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What `registerWorker` returns. */
export class IIIClient extends Client<ChannelReader, ChannelWriter> {}

/**
 * Connects this process to an engine, as a worker. Returns at once: what is registered and called before the connection is there waits for it.
 * Throws when the address is none.
 *
 * @param address default: the environment variable `III_URL`, else `ws://127.0.0.1:49134`
 */
export function registerWorker(address?: string, options: InitOptions = {}): IIIClient {
  const { env } = process
  const given = address ?? (env['III_URL']?.trim() || DEFAULT_ENGINE_URL)
  const namespace = checkedNamespace(options.namespace) ?? (env['III_NAMESPACE']?.trim() || undefined)
  const worker = {
    name: options.workerName ?? (env['III_WORKER_NAME'] || `${hostname()}:${process.pid}`),
    ...(options.workerDescription === undefined ? {} : { description: options.workerDescription }),
    ...(namespace === undefined ? {} : { namespace }),
  }
  const surface = {
    ends: NODE_ENDS,
    contexts: ASYNC_CALL_CONTEXTS,
    platform: NODE_SOCKETS,
    worker,
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  }
  return new IIIClient(checkedAddress(given), surface, options)
}
