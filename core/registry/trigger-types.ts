// All trigger types by (namespace, id), and which worker provides which (spec 01 §11.1).
import { TriggerType } from '../model/trigger-type.ts'
import type { LocalTriggerType, TypeDescription, TypeProvider } from '../model/trigger-type.ts'
import type { Worker } from '../model/worker.ts'

export class TriggerTypes {
  readonly #namespaces = new Map<string, Map<string, TriggerType>>()
  readonly #byWorker = new Map<Worker, Set<TypeProvider>>()

  find(namespace: string, id: string): TriggerType | undefined {
    return this.#namespaces.get(namespace)?.get(id)
  }

  /** Every type with a provider. */
  *all(): Generator<TriggerType> {
    for (const types of this.#namespaces.values()) yield* types.values()
  }

  /** Of every type with a provider; one of several namespaces as often. */
  *ids(): Generator<string> {
    for (const types of this.#namespaces.values()) yield* types.keys()
  }

  providedBy(worker: Worker): ReadonlySet<TypeProvider> {
    return this.#byWorker.get(worker) ?? NONE
  }

  add(worker: Worker, namespace: string, id: string, about: TypeDescription, local?: LocalTriggerType): TypeProvider {
    const type = this.#ensure(namespace, id)
    const known = type.providerOf(worker)
    const provider = type.add(worker, about, local)
    let provided = this.#byWorker.get(worker)
    if (provided === undefined) {
      provided = new Set()
      this.#byWorker.set(worker, provided)
    }
    if (known !== undefined) provided.delete(known)
    provided.add(provider)
    return provider
  }

  remove(provider: TypeProvider): void {
    const { type, worker } = provider
    type.remove(provider)
    if (type.providers.length === 0) {
      const types = this.#namespaces.get(type.namespace)
      types?.delete(type.id)
      if (types?.size === 0) this.#namespaces.delete(type.namespace)
    }
    const provided = this.#byWorker.get(worker)
    provided?.delete(provider)
    if (provided?.size === 0) this.#byWorker.delete(worker)
  }

  #ensure(namespace: string, id: string): TriggerType {
    let types = this.#namespaces.get(namespace)
    if (types === undefined) {
      types = new Map()
      this.#namespaces.set(namespace, types)
    }
    let type = types.get(id)
    if (type === undefined) {
      type = new TriggerType(namespace, id)
      types.set(id, type)
    }
    return type
  }
}

const NONE: ReadonlySet<TypeProvider> = new Set()
