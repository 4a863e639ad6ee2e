// The SDK of Node workers. Published as `iii-host/sdk` (spec 08 §17).
import { hostname } from 'node:os'
import { ASYNC_CALL_CONTEXTS } from './async-call-contexts.ts'
import type { ChannelOf } from './handle-types.ts'
import { Client, type ClientSurface } from './client/client.ts'
import { checkedAddress, checkedNamespace, type ClientOptions } from './client/options.ts'
import { aboutProcess, type WorkerTelemetry } from './node/announcement.ts'
import { NODE_ENDS, type ChannelReader, type ChannelWriter } from './node/channels.ts'
import { addLogSink } from './node/logger.ts'
import { NODE_SOCKETS } from './transports/node-sockets.ts'

export * from './client/names.ts'
export { ChannelReader, ChannelWriter } from './node/channels.ts'
export type { ChannelEnd } from './channel-reader.ts'
export { http } from './node/http.ts'
export type {
  ApiRequest,
  ApiResponse,
  HttpMethod,
  InternalHttpRequest,
  StreamRequest,
  StreamRequest as HttpRequest,
  StreamResponse,
  StreamResponse as HttpResponse,
} from './node/http.ts'
export type { WorkerTelemetry, WorkerTelemetry as TelemetryOptions } from './node/announcement.ts'
export { Logger } from './node/logger.ts'

/** Where an engine listens when nothing else is said. */
export const DEFAULT_ENGINE_URL = 'ws://127.0.0.1:49134'

/** What `registerWorker` takes in Node. */
export interface InitOptions extends ClientOptions {
  /** Sent when connecting, for the auth function of a listener. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * `enabled: false`: lines of `Logger` go to the console and not to the engine. Default true, unless `OTEL_ENABLED` is `false`, `0`, `no`
   * or `off`. Other members are accepted for code that was written for another SDK.
   */
  readonly otel?: { readonly enabled?: boolean; readonly [member: string]: unknown }
  /** Accepted for code that was written for another SDK: the engine measures calls by itself. */
  readonly enableMetricsReporting?: boolean
  /** Shown by engines that ask for it. */
  readonly telemetry?: WorkerTelemetry
}

/** What `registerWorker` returns in Node. */
export class IIIClient extends Client<ChannelReader, ChannelWriter> {
  readonly #removeSink: (() => void) | undefined

  /** For `registerWorker`. */
  constructor(address: string, surface: ClientSurface<ChannelReader, ChannelWriter>, options: InitOptions) {
    super(address, surface, options)
    if (wantsLogs(options)) this.#removeSink = addLogSink((frame) => this.report(frame))
  }

  protected override ending(): void {
    this.#removeSink?.()
  }
}

/** A stream of text and binary items with two ends, each of which may be used here or be passed on by its ref. */
export interface Channel extends ChannelOf<ChannelReader, ChannelWriter> {}

/** The name of `IIIClient` in code of old. */
export type ISdk = IIIClient

/**
 * Connects this process to an engine, as a worker. Returns at once: what is registered and called before the connection is there waits for it.
 * Throws when the address is none.
 *
 * @param address default: the environment variable `III_URL`, else `ws://127.0.0.1:49134`
 */
export function registerWorker(address?: string, options: InitOptions = {}): IIIClient {
  const { env } = process
  const given = address || env['III_URL']?.trim() || DEFAULT_ENGINE_URL
  const namespace = checkedNamespace(options.namespace) ?? (env['III_NAMESPACE']?.trim() || undefined)
  const worker = {
    name: options.workerName ?? (env['III_WORKER_NAME'] || `${hostname()}:${process.pid}`),
    more: aboutProcess(options.telemetry ?? {}),
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

function wantsLogs({ otel }: InitOptions): boolean {
  return otel?.enabled ?? !/^(false|0|no|off)$/i.test(process.env['OTEL_ENABLED'] ?? '')
}
