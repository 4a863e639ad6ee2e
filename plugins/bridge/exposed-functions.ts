// The functions of this engine that the other one may call (spec 06 C.4): registered there, and passed on here. What the other engine says is
// trusted as far as the list reaches: it names neither the function that is called nor a caller.
import { withoutAnyCaller } from '../../kit/bridge/caller-member.ts'
import { countHop } from '../../kit/bridge/hops.ts'
import { CodedError } from '../../protocol/errors.ts'
import { currentCallContext } from '../../sdk/async-call-contexts.ts'
import { InvocationError } from '../../sdk/errors.ts'
import type { FunctionRef, Handle, PluginHandle } from '../../sdk/plugin.ts'
import { RawJson } from '../../sdk/raw-json.ts'

export const EXPOSED_LIMITS = {
  /** Unanswered calls, of all exposed functions together. */
  calls: 10_000,
  /** Characters of their payloads. */
  length: 64 << 20,
  /** The other engine's callers have deadlines of their own. This one is for functions that never answer. */
  timeoutMs: 3_600_000,
}

export class ExposedFunctions {
  readonly #here: Pick<PluginHandle, 'trigger'>
  readonly #there: Pick<Handle, 'registerFunction'>
  readonly #refs = new Map<string, FunctionRef>()
  /** Ids here by those there. */
  #local: ReadonlyMap<string, string> = new Map()
  #running = 0
  #length = 0

  constructor(here: Pick<PluginHandle, 'trigger'>, there: Pick<Handle, 'registerFunction'>) {
    this.#here = here
    this.#there = there
  }

  /** Ids on the other engine. */
  get ids(): readonly string[] {
    return [...this.#refs.keys()]
  }

  /** Exposes these and no others. */
  set(exposed: ReadonlyMap<string, string>): void {
    this.#local = exposed
    for (const [remoteId, ref] of this.#refs) {
      if (exposed.has(remoteId)) continue
      this.#refs.delete(remoteId)
      ref.unregister()
    }
    for (const [remoteId, localId] of exposed) {
      if (this.#refs.has(remoteId)) continue
      const handler = (json: string): Promise<unknown> => this.#call(remoteId, json)
      const description = `Function ${localId} of the engine at the other end of this bridge.`
      this.#refs.set(remoteId, this.#there.registerFunction(remoteId, handler, { description, raw: true }))
    }
  }

  async #call(remoteId: string, json: string): Promise<unknown> {
    const localId = this.#local.get(remoteId)
    // On its way while it was taken from the list.
    if (localId === undefined) throw new CodedError('function_not_found', `Function ${remoteId} not found`)
    if (this.#running >= EXPOSED_LIMITS.calls || this.#length + json.length > EXPOSED_LIMITS.length)
      throw new CodedError('overloaded', 'Too many calls over this bridge are unanswered; try again later.')
    this.#running++
    this.#length += json.length
    try {
      return await this.#here.trigger<unknown, RawJson | undefined>({
        function_id: localId,
        payload: new RawJson(withoutAnyCaller(json)),
        raw: true,
        timeoutMs: EXPOSED_LIMITS.timeoutMs,
        baggage: countHop(currentCallContext()?.baggage, localId),
      })
    } catch (error) {
      throw asItWas(error)
    } finally {
      this.#running--
      this.#length -= json.length
    }
  }
}

/** The error body of the local function, unchanged. */
function asItWas(error: unknown): unknown {
  if (!(error instanceof InvocationError)) return error
  const { code, stacktrace } = error
  const message = error.message.slice(code.length + 2)
  return stacktrace === undefined ? { code, message } : { code, message, stacktrace }
}
