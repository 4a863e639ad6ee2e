// What providers are told about bindings, and when: at once, or, within one step, reduced to the net change with removals first.
// So a binding that moves from an old plugin generation to the new one never meets itself as a conflict, and one that both make is not told twice.
import type { LogicalBinding } from '../model/binding.ts'
import type { ProviderView, TypeProvider } from '../model/trigger-type.ts'

export interface ProviderSink {
  bind(provider: TypeProvider, binding: LogicalBinding, replay: boolean): void
  unbind(provider: TypeProvider, unbinding: Unbinding): void
}

/** That a provider is to fire a binding no more. */
export interface Unbinding {
  readonly id: string
  /** Somebody has removed or changed it. False: its owner is gone, or another provider has it now. */
  readonly deliberate: boolean
  /** Another provider has it now; this one may go on with what it has begun. */
  readonly moved?: true
}

interface Step {
  /** The latest registration: a worker may repeat it within the step. */
  provider: TypeProvider
  readonly changes: Map<string, Pending>
}

interface Pending {
  /** Whether the provider knew the id before the step. */
  readonly heldBefore: boolean
  /** The last word; undefined = `unbinding`. */
  bound: { readonly binding: LogicalBinding; readonly replay: boolean } | undefined
  unbinding: Unbinding | undefined
}

export class ProviderOutbox {
  readonly #sink: ProviderSink
  #step: Map<ProviderView, Step> | undefined

  constructor(sink: ProviderSink) {
    this.#sink = sink
  }

  bind(provider: TypeProvider, binding: LogicalBinding, replay: boolean): void {
    const heldBefore = provider.view.held.has(binding.id)
    provider.view.held.add(binding.id)
    if (this.#step === undefined) return this.#sink.bind(provider, binding, replay)
    const pending = this.#pending(provider, binding.id, heldBefore)
    // A new binding that is replayed within the same step is still new: its refusal is final.
    const isNew = pending.bound !== undefined && !pending.bound.replay
    pending.bound = { binding, replay: replay && !isNew }
  }

  /** Does nothing when the provider does not know the id. */
  unbind(provider: TypeProvider, unbinding: Unbinding): void {
    const { id } = unbinding
    if (!provider.view.held.delete(id)) return
    if (this.#step === undefined) return this.#sink.unbind(provider, unbinding)
    const pending = this.#pending(provider, id, true)
    pending.bound = undefined
    pending.unbinding = unbinding
  }

  /** The provider is gone or gave its type up: it is told nothing more. */
  forget(provider: TypeProvider): void {
    provider.view.held.clear()
    provider.view.unanswered.clear()
    this.#step?.delete(provider.view)
  }

  /** Runs `work`; what it does reaches providers when it is done. Steps nest. */
  inOneStep(work: () => void): void {
    if (this.#step !== undefined) return work()
    this.#step = new Map()
    try {
      work()
    } finally {
      const step = this.#step
      this.#step = undefined
      this.#flush(step)
    }
  }

  #pending(provider: TypeProvider, id: string, heldBefore: boolean): Pending {
    const steps = this.#step as Map<ProviderView, Step>
    let step = steps.get(provider.view)
    if (step === undefined) {
      step = { provider, changes: new Map() }
      steps.set(provider.view, step)
    }
    step.provider = provider
    const { changes } = step
    let pending = changes.get(id)
    if (pending === undefined) {
      pending = { heldBefore, bound: undefined, unbinding: undefined }
      changes.set(id, pending)
    }
    return pending
  }

  #flush(steps: ReadonlyMap<ProviderView, Step>): void {
    for (const { provider, changes } of steps.values()) {
      for (const { bound, heldBefore, unbinding } of changes.values()) {
        if (bound === undefined && heldBefore && unbinding !== undefined) this.#sink.unbind(provider, unbinding)
      }
    }
    for (const { provider, changes } of steps.values()) {
      for (const { bound } of changes.values()) {
        // A refusal by a local type earlier in this flush may have moved the binding since.
        if (bound !== undefined && bound.binding.provider === provider)
          this.#sink.bind(provider, bound.binding, bound.replay)
      }
    }
  }
}
