// Functions of the other engine under ids of this one (spec 06 C.3).
import { withoutCaller } from '../../kit/bridge/caller-member.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { FunctionRef, PluginHandle } from '../../sdk/plugin.ts'
import type { RawJson } from '../../sdk/raw-json.ts'
import type { Forward } from './config.ts'

export type PassForward = (forward: Forward, payload: string) => Promise<RawJson | undefined>

export class ForwardedFunctions {
  readonly #iii: Pick<PluginHandle, 'registerFunction'>
  readonly #pass: PassForward
  readonly #refs = new Map<string, FunctionRef>()
  #forwards: ReadonlyMap<string, Forward> = new Map()

  constructor(iii: Pick<PluginHandle, 'registerFunction'>, pass: PassForward) {
    this.#iii = iii
    this.#pass = pass
  }

  has(localId: string): boolean {
    return this.#refs.has(localId)
  }

  /** Forwards these and no others. What they say of a function counts from its next call on. */
  set(forwards: ReadonlyMap<string, Forward>): void {
    this.#forwards = forwards
    for (const [localId, ref] of this.#refs) {
      if (forwards.has(localId)) continue
      this.#refs.delete(localId)
      ref.unregister()
    }
    for (const [localId, { remoteId }] of forwards) {
      if (this.#refs.has(localId)) continue
      const handler = (json: string): Promise<RawJson | undefined> => this.#call(localId, json)
      const description = `Function ${remoteId} of the engine that this one is bridged to.`
      const options = { description, raw: true, live_channel_refs: false }
      this.#refs.set(localId, this.#iii.registerFunction(localId, handler, options))
    }
  }

  #call(localId: string, json: string): Promise<RawJson | undefined> {
    const forward = this.#forwards.get(localId)
    if (forward === undefined) throw new CodedError('function_not_found', `Function ${localId} not found`)
    return this.#pass(forward, withoutCaller(json))
  }
}
