// The `iii` of a worker on a socket: the handle, with what a connection that comes and goes adds to it (spec 08 §3, §12, §17).
import { BaseHandle, type Surface } from '../base-handle.ts'
import { randomUuid } from '../../base/values/random-uuid.ts'
import { EngineTriggers, type FunctionInfo } from '../engine-names.ts'
import { RegistrationRejectedError } from '../errors.ts'
import type { IStream } from '../stream.ts'
import { shownUrl } from '../transports/shown-url.ts'
import type { ConnectionState, SocketAnnouncement } from '../transports/socket-options.ts'
import type { SocketPlatform } from '../transports/socket-platform.ts'
import { SocketTransport } from '../transports/socket-transport.ts'
import { limitsOf, type ClientOptions } from './options.ts'
import { serveStream } from './serve-stream.ts'

/** Codes of calls that the connection has failed. */
const CODES = { away: 'not_connected', broken: 'connection_lost' }

/** What is said of a group of functions. */
export interface RegisterServiceInput {
  readonly id: string
  /** Default: the id. */
  readonly name?: string
  readonly description?: string
  /** Of the group that it is part of. */
  readonly parent_service_id?: string
}

/** What a surface adds to the options. */
export interface ClientSurface<Reader, Writer> extends Surface<Reader, Writer> {
  readonly platform: SocketPlatform
  readonly worker: SocketAnnouncement
  readonly headers?: Readonly<Record<string, string>>
}

/** A worker on a connection of its own: registers functions and triggers, calls others, and comes back when the connection breaks. */
export class Client<Reader, Writer> extends BaseHandle<Reader, Writer> {
  readonly #transport: SocketTransport
  readonly #fatalError: () => RegistrationRejectedError | undefined
  readonly #listeners: Set<(state: ConnectionState) => void>

  constructor(address: string, surface: ClientSurface<Reader, Writer>, options: ClientOptions) {
    const { platform, worker, headers } = surface
    const listeners = new Set<(state: ConnectionState) => void>()
    let fatalError: RegistrationRejectedError | undefined
    const engine = `the engine at ${shownUrl(address)}`
    const transport = new SocketTransport({
      url: address,
      platform,
      worker,
      headers,
      limits: limitsOf(options),
      codes: CODES,
      refusal: (message) => (fatalError = new RegistrationRejectedError({ worker_name: worker.name, ...message })),
      events: {
        onState: (state) => {
          for (const listener of [...listeners]) tell(listener, state)
        },
        onConnected: (again) => {
          if (again) console.info(`[iii] Connected to ${engine} again.`)
        },
        onDisconnected: (reason) => console.warn(`[iii] The connection to ${engine} broke: ${reason}.`),
        onAttemptFailed: (reason, attempt) => {
          // Those after it say nothing new.
          if (attempt === 0) console.warn(`[iii] Cannot connect to ${engine}: ${reason}. It is tried again.`)
        },
        onVoidDropped: (call, error) =>
          console.error(`[iii] A call of ${call.functionId} was dropped. ${error.message}`),
      },
    })
    super(transport, surface, {
      timeoutMs: options.invocationTimeoutMs ?? undefined,
      namespace: worker.namespace,
    })
    this.#transport = transport
    this.#listeners = listeners
    this.#fatalError = () => fatalError
  }

  /** Sends a frame of telemetry over this worker's connection; false when that is not possible at present. */
  protected report(frame: Uint8Array): boolean {
    return this.#transport.report(frame)
  }

  /** What the connection is doing. */
  readonly getConnectionState = (): ConnectionState => this.#transport.state

  /** Address of the engine, as it was given. */
  readonly getAddress = (): string => this.address

  /** Why the engine does not take this worker; undefined while it does. */
  readonly getFatalError = (): RegistrationRejectedError | undefined => this.#fatalError()

  /** Calls back at once with the state of the connection, then after each change, until the function that it returns is called. */
  readonly addConnectionStateListener = (listener: (state: ConnectionState) => void): (() => void) => {
    // One for each registration, also of the same function.
    const own = (state: ConnectionState): void => listener(state)
    this.#listeners.add(own)
    tell(own, this.#transport.state)
    return () => void this.#listeners.delete(own)
  }

  /** Serves a stream: the engine asks `stream` where the stream `name` is meant. */
  readonly createStream = (name: string, stream: IStream): void => serveStream(this.registerFunction, name, stream)

  /** Describes a group of functions in listings. */
  readonly registerService = (service: RegisterServiceInput): void =>
    this.#transport.control({ ...service, type: 'registerservice', name: service.name ?? service.id })

  /** Calls back with all functions that can be called after each change of them, until the function that it returns is called. */
  readonly onFunctionsAvailable = (callback: (functions: FunctionInfo[]) => void): (() => void) => {
    const id = `engine.on_functions_available.${randomUuid()}`
    const ref = this.registerFunction(id, ({ functions }: { functions: FunctionInfo[] }) => {
      callback(functions)
      return null
    })
    const binding = this.registerTrigger({ type: EngineTriggers.FUNCTIONS_AVAILABLE, function_id: id, config: {} })
    return () => {
      binding.unregister()
      ref.unregister()
    }
  }

  /** For the function `createChannel` of other SDKs. */
  readonly __helpers_create_channel = this.createChannel
  /** For the function `createStream` of other SDKs. */
  readonly __helpers_create_stream = this.createStream

  /**
   * Ends the connection for good: what this worker registered is gone from the engine, and its calls that wait reject with
   * `iii is shutting down`. Resolves when the socket is closed.
   */
  readonly shutdown = (): Promise<void> => {
    this.ending()
    return this.#transport.end(new Error('iii is shutting down'))
  }

  /** For what a surface has to end as well. */
  protected ending(): void {}
}

function tell(listener: (state: ConnectionState) => void, state: ConnectionState): void {
  try {
    listener(state)
  } catch (error) {
    console.error('[iii] A listener of the connection state threw:', error)
  }
}
