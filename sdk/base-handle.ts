// The `iii` handle: what plugins, and external workers over a socket, register and call with (spec 08 §3–§7).
// It knows no wire form; `transport.ts` is its connection. It knows no surface either, Node or browser: what differs is handed to it.
import { randomUuid } from '../base/values/random-uuid.ts'
import type { EngineMessage, RegisterTrigger, RegistrationRejected } from '../protocol/messages.ts'
import type { Sidecar } from '../protocol/ring/sidecar.ts'
import { Activity } from './activity.ts'
import { toJson } from './answers.ts'
import type { CallContexts } from './call-contexts.ts'
import { ChannelEnds, type EndKinds } from './channel-ends.ts'
import { checkRequest, sidecarOf } from './call-sidecar.ts'
import type { CallFunction } from './call-types.ts'
import {
  EngineFunctions,
  type FunctionInfo,
  type TriggerInfo,
  type TriggerTypeInfo,
  type WorkerInfo,
} from './engine-names.ts'
import { InvocationError, invocationErrorFrom } from './errors.ts'
import { FunctionTable } from './function-table.ts'
import type {
  ChannelOf,
  ChannelRef,
  FunctionOptions,
  FunctionRef,
  Handler,
  HttpInvocation,
  ListOptions,
  TriggerInput,
  TriggerRef,
  TriggerRequest,
  TriggerTypeHandler,
  TriggerTypeInput,
  TriggerTypeRef,
} from './handle-types.ts'
import { DEFAULT_TIMEOUT_MS, PendingCalls, type CallTable } from './pending-calls.ts'
import { RawJson } from './raw-json.ts'
import type { Transport } from './transport.ts'
import { TriggerTypes } from './trigger-types.ts'

/** Settings of a handle. */
export interface HandleOptions {
  /** Gets problems that no call can report, such as a refused binding. Default `console.error`. */
  readonly onProblem?: (problem: string) => void
  /** Milliseconds that a call waits which does not say how long. Default 30000. */
  readonly timeoutMs?: number | undefined
  /** Where functions are looked for when a call or binding does not say it; `engine::…` is always found. Default: none is said. */
  readonly namespace?: string | undefined
}

/** What a surface has of its own. */
export interface Surface<Reader, Writer> {
  readonly ends: EndKinds<Reader, Writer>
  readonly contexts: CallContexts
  /** Where calls stand while they wait. Default: in a map. */
  readonly newCallTable?: () => CallTable
}

const NO_ARGUMENTS = {}

/** `iii`: registers functions and triggers, and calls others. A plugin gets one with its context. */
export class BaseHandle<Reader, Writer> {
  /** Base address of the engine, for clients that connect by themselves. */
  readonly address: string
  readonly #transport: Transport
  readonly #onProblem: (problem: string) => void
  readonly #pending: PendingCalls
  readonly #activity: Activity
  readonly #channels: ChannelEnds<Reader, Writer>
  readonly #contexts: CallContexts
  readonly #namespace: string | undefined
  readonly #functions: FunctionTable
  readonly #triggerTypes: TriggerTypes
  #droppedVoidCalls = 0
  #drained: PromiseWithResolvers<void> | undefined
  /** What calls end with since the connection was closed. */
  #closedBy: Error | undefined

  constructor(
    transport: Transport,
    { ends, contexts, newCallTable = () => new Map() }: Surface<Reader, Writer>,
    { onProblem, timeoutMs = DEFAULT_TIMEOUT_MS, namespace }: HandleOptions = {},
  ) {
    this.#transport = transport
    this.#contexts = contexts
    this.#namespace = namespace
    this.address = transport.address
    this.#onProblem = onProblem ?? ((problem) => console.error(`[iii] ${problem}`))
    this.#activity = new Activity(() => this.#pending.size === 0)
    this.#pending = new PendingCalls({
      calls: newCallTable(),
      timeoutMs,
      onEmpty: () => this.#activity.check(),
      problem: () => transport.problem,
    })
    this.#channels = new ChannelEnds(transport, ends)
    this.#functions = new FunctionTable(transport, this.#activity, this.#channels, contexts)
    this.#triggerTypes = new TriggerTypes(transport, this.#activity, this.#onProblem)
    transport.start({
      onCall: (callId, index, id, payload, sidecar) => this.#functions.run(callId, index, id, payload, sidecar),
      onResult: (callId, json) => this.#settle(callId, json, false),
      onError: (callId, json, isUndelivered) => this.#settle(callId, json, true, isUndelivered),
      onFailure: (callId, error) => this.#pending.take(callId)?.reject(error),
      onControl: (message) => this.#control(message),
      onChannelText: (end, text) => this.#channels.receiveText(end, text),
      onChannelBinary: (end, bytes) => this.#channels.receiveBinary(end, bytes),
      onChannelClose: (end, code, reason) => this.#channels.receiveClose(end, code, reason),
      onChannelCredit: (end, bytes) => this.#channels.receiveCredit(end, bytes),
      onDrained: () => this.#wakeDrained(),
      onClosed: (reason) => this.#closed(reason),
      isWaitedFor: (callId) => this.#pending.has(callId),
    })
  }

  /** Handlers that run now, bindings being made included. */
  get callsInFlight(): number {
    return this.#activity.running
  }

  /** Calls of this handle that wait for their answer. */
  get pendingCalls(): number {
    return this.#pending.size
  }

  /** Void calls that were dropped because too much waited to be sent. */
  get droppedVoidCalls(): number {
    return this.#droppedVoidCalls
  }

  /** Too much waits to be sent: calls made now reject with `overloaded`, void calls are dropped. */
  get congested(): boolean {
    return this.#transport.congested
  }

  /** Resolves when the handle is not congested any more, at once if it is not. For whoever makes many calls at a time. */
  async drained(): Promise<void> {
    while (this.#transport.open && this.#transport.congested) {
      this.#drained ??= Promise.withResolvers<void>()
      await this.#drained.promise
    }
  }

  /** Resolves when no handler runs and no call of this handle waits for its answer. */
  idle(): Promise<void> {
    return this.#activity.idle()
  }

  /**
   * Registers a function under an id such as `orders::create`. Callable as soon as the engine has read it.
   * Throws when the id is blank or registered by this handle already.
   */
  readonly registerFunction = (
    target: string | ({ id: string } & FunctionOptions),
    handler: Handler | HttpInvocation,
    options?: FunctionOptions,
  ): FunctionRef => {
    const { id, ...own } = typeof target === 'string' ? { id: target } : target
    const { live_channel_refs = true, raw = false, ...more } = { ...own, ...options } as FunctionOptions
    if (typeof id !== 'string' || id.trim() === '') throw new Error('id is required')
    if (this.#functions.has(id)) throw new Error(`function id already registered: ${id}`)
    const isHandler = typeof handler === 'function'
    const payloadForm = { raw, liveChannelRefs: live_channel_refs }
    const index = this.#functions.add(id, isHandler ? handler : undefined, payloadForm)
    const invocation = isHandler ? {} : { invocation: { ...handler, method: handler.method ?? 'POST' } }
    try {
      this.#transport.control({ ...more, type: 'registerfunction', id, ...invocation }, index)
    } catch (error) {
      this.#functions.remove(index)
      throw error
    }
    return {
      id,
      unregister: () => {
        if (this.#functions.remove(index)) this.#transport.control({ type: 'unregisterfunction', id })
      },
    }
  }

  /** Binds a function to a trigger. A refusal is reported by `onProblem`, not thrown. */
  readonly registerTrigger = <const Type extends string>(input: TriggerInput<Type>): TriggerRef => {
    const {
      type,
      id = randomUuid(),
      function_id,
      config = {},
      metadata,
      namespace = this.#namespace,
      trigger_namespace,
    } = input as TriggerInput
    this.#transport.control({
      type: 'registertrigger',
      id,
      trigger_type: type,
      function_id,
      config,
      metadata,
      // Those that are not said are not sent.
      namespace,
      trigger_namespace,
    } as RegisterTrigger)
    return { id, unregister: () => this.#transport.control({ type: 'unregistertrigger', id, trigger_type: type }) }
  }

  /** Provides a trigger type: `handler` gets each binding to it and each that is dropped. */
  readonly registerTriggerType = <Config = any>(
    input: TriggerTypeInput,
    handler: TriggerTypeHandler<Config>,
  ): TriggerTypeRef<Config> => {
    const { id, description = '', ...more } = input
    if (typeof id !== 'string' || id.trim() === '') throw new Error('id is required')
    this.#transport.control({ ...more, type: 'registertriggertype', id, description })
    this.#triggerTypes.add(id, handler as TriggerTypeHandler, more.trigger_request_format)
    const registerTrigger = (functionId: string, config: Config, metadata?: unknown) =>
      this.registerTrigger({ type: id, function_id: functionId, config, metadata })
    return {
      id,
      registerTrigger,
      registerFunction: (functionId, functionHandler, config, metadata) => {
        const ref = this.registerFunction(functionId, functionHandler)
        registerTrigger(functionId, config, metadata)
        return ref
      },
      unregister: () => this.unregisterTriggerType({ id }),
    }
  }

  /** Gives a trigger type up; its bindings wait for the next provider. */
  readonly unregisterTriggerType = ({ id }: { id: string; description?: string }): void => {
    this.#triggerTypes.remove(id)
    this.#transport.control({ type: 'unregistertriggertype', id })
  }

  /**
   * Calls a function. Resolves with its result, or undefined for "no value"; with the receipt for the action `enqueue`; with
   * undefined at once for `void`. Payload and result are typed by the id where it is known (`KnownFunctions`); for another id say them:
   * `iii.trigger<Order, Receipt>({ function_id: 'orders::create', payload: order })`. Rejects with `InvocationError`: the callee's code, `TIMEOUT` after `timeoutMs`
   * (default 30000), or `overloaded` when too much waits to be sent.
   */
  readonly trigger = ((request: TriggerRequest): Promise<any> => {
    const { function_id: id, action, timeoutMs } = request
    const transport = this.#transport
    let payload: string | undefined
    let sidecar: Sidecar | undefined
    try {
      checkRequest(request)
      payload = toJson(request.payload)
      sidecar = sidecarOf(request, this.#contexts, this.#namespace)
      if (this.#closedBy !== undefined) throw this.#closedBy
      if (action?.type === 'void') {
        if (transport.congested) this.#dropVoid(id)
        else transport.call(undefined, id, payload, sidecar)
        return Promise.resolve(undefined)
      }
      if (!transport.open) throw closedError('The connection to the engine is closed', id)
      if (transport.congested) {
        throw new InvocationError(
          'overloaded',
          'Too much waits to be sent to the engine; try again later',
          id,
          undefined,
          true,
        )
      }
    } catch (error) {
      return Promise.reject(error)
    }
    return new Promise((resolve, reject) => {
      const callId = this.#pending.add(id, timeoutMs, resolve as (value: unknown) => void, reject, request.raw)
      try {
        transport.call(callId, id, payload, sidecar)
      } catch (error) {
        // It was not made, so nothing waits for it.
        this.#pending.take(callId)
        throw error
      }
    })
  }) as CallFunction

  /** Creates a channel. `bufferSize` counts items. Pass one of the refs on, use the end of the other. */
  readonly createChannel = async (bufferSize?: number): Promise<ChannelOf<Reader, Writer>> => {
    const { writer, reader } = await this.trigger<unknown, { writer: ChannelRef; reader: ChannelRef }>({
      function_id: 'engine::channels::create',
      payload: bufferSize === undefined ? NO_ARGUMENTS : { buffer_size: bufferSize },
    })
    return {
      writer: this.#channels.openWriter(writer),
      reader: this.#channels.openReader(reader),
      writerRef: writer,
      readerRef: reader,
    }
  }

  /** The end that belongs to a ref which was not part of a payload. */
  readonly openChannel = (ref: ChannelRef): Reader | Writer => this.#channels.open(ref)

  /** Functions that can be called, as `engine::functions::list` gives them. */
  readonly listFunctions = (options?: ListOptions): Promise<FunctionInfo[]> =>
    this.#list(EngineFunctions.LIST_FUNCTIONS, 'functions', options)
  /** Workers that are connected or inside the engine, as `engine::workers::list` gives them. */
  readonly listWorkers = (options?: ListOptions): Promise<WorkerInfo[]> =>
    this.#list(EngineFunctions.LIST_WORKERS, 'workers', options)
  /** Bindings, as `engine::registered-triggers::list` gives them. */
  readonly listTriggers = (options?: ListOptions): Promise<TriggerInfo[]> =>
    this.#list(EngineFunctions.LIST_REGISTERED_TRIGGERS, 'registered_triggers', options)
  /** Trigger types, as `engine::triggers::list` gives them. */
  readonly listTriggerTypes = (options?: ListOptions): Promise<TriggerTypeInfo[]> =>
    this.#list(EngineFunctions.LIST_TRIGGERS, 'triggers', options)

  /** Ends this handle's connection: its pending calls reject, its channels end. */
  close(): void {
    this.#transport.close()
  }

  async #list<Row>(functionId: string, member: string, options: ListOptions = NO_ARGUMENTS): Promise<Row[]> {
    const result = await this.trigger<unknown, Record<string, Row[]> | undefined>({
      function_id: functionId,
      payload: typeof options === 'boolean' ? { include_internal: options } : options,
    })
    return result?.[member] ?? []
  }

  #settle(callId: number, json: string | undefined, failed: boolean, isUndelivered = false): void {
    const call = this.#pending.take(callId)
    if (call === undefined) return
    if (call.raw && !failed) return call.resolve(json === undefined ? undefined : new RawJson(json))
    let value: unknown
    try {
      value = json === undefined ? undefined : JSON.parse(json)
    } catch (error) {
      call.reject(
        new InvocationError('invalid_message', `The answer is no JSON: ${(error as Error).message}`, call.functionId),
      )
      return
    }
    if (failed) call.reject(invocationErrorFrom(value, call.functionId, isUndelivered))
    else call.resolve(value)
  }

  #control(message: EngineMessage): void {
    switch (message.type) {
      case 'triggerregistrationresult':
        if (message.error !== undefined) {
          const bound = message.function_id === '' ? '' : ` to ${message.function_id}`
          this.#onProblem(
            `Trigger registration failed for "${message.id}" (${message.trigger_type}${bound}): ${message.error.message}`,
          )
        }
        break
      case 'registrationrejected':
        this.#onProblem(
          `Registration of ${message.function_id ?? message.worker_name ?? 'this worker'} rejected: ${rejectionText(message)}`,
        )
        break
      default:
        this.#triggerTypes.receive(message)
    }
  }

  #dropVoid(functionId: string): void {
    this.#droppedVoidCalls++
    // Once for each thousand: the reason is a flood, and the report goes the same way.
    if (this.#droppedVoidCalls % 1000 === 1) {
      this.#onProblem(
        `Void call of ${functionId} dropped: too much waits to be sent (${this.#droppedVoidCalls} so far)`,
      )
    }
  }

  #wakeDrained(): void {
    const waiting = this.#drained
    this.#drained = undefined
    waiting?.resolve()
  }

  #closed(reason: Error | undefined): void {
    this.#closedBy = reason
    this.#wakeDrained()
    this.#pending.rejectAll(
      ({ functionId }) => reason ?? closedError('The connection to the engine was closed', functionId),
    )
    this.#channels.closeAll()
  }
}

function closedError(message: string, functionId: string): InvocationError {
  return new InvocationError('invocation_stopped', message, functionId)
}

function rejectionText({ code, owner_worker_id: owner, reason }: RegistrationRejected): string {
  if (reason !== undefined) return `${reason.code}: ${reason.message}`
  return owner === '' ? code : `${code}, owned by worker ${owner}`
}
