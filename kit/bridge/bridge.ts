// A connection to another engine, as a worker of it: what the bridge adapters of built-in workers stand on (spec 06 D).
// It is made in the background and kept up for ever; while it is away calls fail with a message that says so.
import { CodedError } from '../../protocol/errors.ts'
import { CallTimeout, InvocationError } from '../../sdk/errors.ts'
import { Handle } from '../../sdk/handle.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import { ConnectionError } from '../../sdk/transports/connection-error.ts'
import { shownUrl } from '../../sdk/transports/shown-url.ts'
import { NODE_SOCKETS } from '../../sdk/transports/node-sockets.ts'
import type { OutgoingCall } from '../../sdk/transports/socket-calls.ts'
import { SOCKET_LIMITS, type SocketLimits } from '../../sdk/transports/socket-options.ts'
import { SocketTransport } from '../../sdk/transports/socket-transport.ts'
import { readBridgeUrl } from './bridge-url.ts'
import { distinctName } from './distinct-name.ts'
import { countHop } from './hops.ts'
import { settlesWithin } from '../../base/time/deadline.ts'
import { LimitedWarning } from '../../base/warnings/limited-warning.ts'
import { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'

/** Address, name of the worker, time-outs. */
export interface BridgeOptions {
  /** As it stands in the settings; absent or null = the default, ws://localhost:49134. */
  readonly url: unknown
  /** Name of this worker on the other engine, such as `NAME-bridge`. */
  readonly workerName: string
  /** Name of the setting that holds the address, for messages. */
  readonly setting: string
  readonly log: PluginLog
  /** How long a call waits for its answer. Default 30,000. */
  readonly timeoutMs?: number
  /** How long calls under way may still be answered at the end; the host allows 10 s for the end of a generation. Default 3,000. */
  readonly closeMs?: number
  readonly limits?: Partial<SocketLimits>
  /** Of the connection there. Default: the one that is the engine's default. */
  readonly namespace?: string | undefined
  /** Told to the other engine with each connection, as a group of functions. */
  readonly service?: { readonly id: string; readonly name: string } | undefined
  /** Told that there is a connection, or why there is none, for `engine::health::check`. */
  readonly onState?: (problem: string | undefined) => void
}

/** How a call is made that is no adapter's own. */
export interface PassOptions {
  /** Default: that of the bridge. */
  readonly timeoutMs?: number
  /** Where the function is looked for. Default: the one that is the engine's default. */
  readonly namespace?: string
}

/** Calls functions there, and is a handle to register with. */
export interface Bridge {
  /** A worker of the other engine. Calls over it count as one hop more. */
  readonly iii: Handle
  readonly connected: boolean
  /** False once it is closed. */
  readonly open: boolean
  /**
   * Passes a call on, with JSON text to and fro. Rejects as a handle's `trigger` does: with `InvocationError` as the function there answered,
   * `ConnectionError` or `CallTimeout` of this side, and `overloaded` that `isUndelivered` where too much waits.
   */
  pass(functionId: string, payload: string, options?: PassOptions): Promise<RawJson | undefined>
  /** Passes a call on for whose outcome nobody waits. Throws when it can't even wait to be sent, with an error as `pass` rejects with. */
  send(functionId: string, payload: string): void
  /** Sends what was taken from another bridge, hops and trace as they were. */
  resend(calls: readonly OutgoingCall[]): void
  /** Calls that wait for the connection fail now, none of them sent. Those by `send` are returned: another bridge may send them. */
  refuseWaiting(): readonly OutgoingCall[]
  /** The other engine is to call these functions here no more; calls that are on their way are still answered. */
  withdraw(functionIds: Iterable<string>): void
  /**
   * Calls a function there with JSON text; resolves with the text of the result, undefined for no value. Rejects with an error
   * whose message says what was wrong; `overloaded` and circles of bridges (`bridge_error`) keep their code.
   */
  call(functionId: string, payload: string): Promise<string | undefined>
  /**
   * Calls back after each time the connection has come up, everything registered included. `seamless`: for the first time, and so
   * soon that every call so far has waited for it.
   */
  onConnected(listener: (seamless: boolean) => void): void
  /** Ends the connection, after what is under way or after `closeMs`. */
  close(): Promise<void>
}

/** Default of `closeMs`. */
export const BRIDGE_CLOSE_MS = 3_000

/** Throws when the address is none. Returns before the connection is there. */
export function openBridge({
  url,
  workerName,
  setting,
  log,
  timeoutMs,
  closeMs = BRIDGE_CLOSE_MS,
  limits = {},
  namespace,
  service,
  onState,
}: BridgeOptions): Bridge {
  const address = readBridgeUrl(url, setting)
  const remote = `the engine at ${shownUrl(address)} (${setting})`
  const listeners: ((seamless: boolean) => void)[] = []
  const seamlessUntil = performance.now() + (limits.awayMs ?? SOCKET_LIMITS.awayMs)
  const outage = new LimitedWarning((message, data) => log.warn(message, data), { intervalMs: 60_000 })
  const dropped = new LimitedWarning((message, data) => log.warn(message, data))
  const breaks = new LimitedWarning((message, data) => log.warn(message, data))
  const problems = new ThrottledWarnings(log)
  let refusal: Error | undefined
  let unsent: OutgoingCall[] | undefined
  const transport = new SocketTransport({
    url: address,
    platform: NODE_SOCKETS,
    worker: { name: workerName, ...(namespace === undefined ? {} : { namespace }) },
    nameAfterConflict: distinctName,
    limits,
    prepare: (functionId, sidecar) => ({ ...sidecar, baggage: countHop(sidecar?.baggage, functionId) }),
    events: {
      onConnected(again) {
        log.info(`Connected to ${remote}.`)
        onState?.(undefined)
        const seamless = !again && performance.now() < seamlessUntil
        for (const listener of listeners) listener(seamless)
      },
      onDisconnected(reason) {
        breaks.warn(`The connection to ${remote} broke: ${reason}. It is made again.`)
        onState?.(reason)
      },
      onAttemptFailed(reason) {
        outage.warn(`Cannot connect to ${remote}: ${reason}. It is tried for ever.`)
        onState?.(reason)
      },
      onVoidDropped(call, error) {
        if (unsent !== undefined) return void unsent.push(call as OutgoingCall)
        refusal = error
        dropped.warn(`A call of ${call.functionId} was dropped. ${error.message}`)
      },
    },
  })
  // What the other engine refuses is said once for each thing, however often it says so.
  const iii = new Handle(transport, {
    onProblem: (problem) => problems.count(problem, `From ${remote}: ${problem}`, {}),
  })
  if (service !== undefined) transport.control({ type: 'registerservice', ...service })
  const pass: Bridge['pass'] = (functionId, payload, options) => {
    const request = { ...options, function_id: functionId, payload: new RawJson(payload), raw: true as const }
    if (request.timeoutMs === undefined && timeoutMs !== undefined) request.timeoutMs = timeoutMs
    return iii.trigger<unknown, RawJson | undefined>(request)
  }
  return {
    iii,
    get connected() {
      return transport.connected
    },
    get open() {
      return transport.open
    },
    pass,
    send(functionId, payload) {
      if (!transport.open) throw new Error(`The connection to ${remote} is closed. The call was not sent.`)
      refusal = undefined
      if (iii.congested)
        refusal = new CodedError('overloaded', `Too much waits to be sent to ${remote}; try again later.`)
      // Void calls leave, or are dropped, before this returns.
      else void iii.trigger({ function_id: functionId, payload: new RawJson(payload), action: { type: 'void' } })
      if (refusal !== undefined) throw refusal
    },
    resend(calls) {
      for (const call of calls) transport.send(call)
    },
    refuseWaiting() {
      const taken: OutgoingCall[] = []
      unsent = taken
      transport.giveUp()
      unsent = undefined
      return taken
    },
    withdraw(functionIds) {
      for (const id of functionIds) transport.control({ type: 'unregisterfunction', id })
    },
    async call(functionId, payload) {
      if (!transport.open) throw new Error(`The connection to ${remote} is closed. The call was not sent.`)
      try {
        const result = await pass(functionId, payload)
        return result?.json
      } catch (error) {
        // Ended from this side, with the call under way: that is no error of the other engine.
        if (!transport.open && (error as { code?: unknown }).code === 'invocation_stopped')
          throw new Error(`The connection to ${remote} was closed. The call may have been carried out.`, {
            cause: error,
          })
        throw explained(error, remote, setting)
      }
    },
    onConnected: (listener) => void listeners.push(listener),
    async close() {
      if (transport.connected) await settlesWithin(iii.idle(), closeMs)
      await transport.end()
    },
  }
}

/** Codes that say by themselves what happened keep it; the others become the cause of the adapter's own. */
function explained(error: unknown, remote: string, setting: string): unknown {
  if (!(error instanceof InvocationError)) return error
  const message = error.message.slice(error.code.length + 2)
  const options = { cause: error }
  if (error instanceof ConnectionError) return new Error(`${message} Its address is set by ${setting}.`, options)
  switch (error.code) {
    case 'bridge_error':
    case 'overloaded':
      return new CodedError(error.code, message, options)
    case 'TIMEOUT':
      if (!(error instanceof CallTimeout)) break
      return new Error(`No answer from ${remote}: ${message}. The call may have been carried out.`, options)
  }
  return new Error(`remote error (${error.code}): ${message}`, options)
}
