// All bindings with the indexes that the trigger registry needs: by id, owner, trigger type, equality and the id that providers know.
import { randomUUID } from 'node:crypto'
import { LogicalBinding } from '../model/binding.ts'
import type { Binding, BindingContent } from '../model/binding.ts'
import type { Worker } from '../model/worker.ts'

/** Whether the worker has gone: what it bound stays for a while, for it may come back (spec 01 §8.10). */
export function isLost(owner: Worker | null): boolean {
  return owner?.phase === 'gone'
}

const NO_LOGICAL: ReadonlySet<LogicalBinding> = new Set()

export class Bindings {
  readonly #byId = new Map<string, Binding>()
  readonly #byOwner = new Map<Worker | null, Map<string, Binding>>()
  /** owner → sent id → binding, only where the two ids differ. */
  readonly #renamed = new Map<Worker, Map<string, Binding>>()
  readonly #logical = new Map<string, LogicalBinding>()
  readonly #byType = new Map<string, Set<LogicalBinding>>()
  readonly #byKey = new Map<string, Set<LogicalBinding>>()

  get all(): Iterable<Binding> {
    return this.#byId.values()
  }

  find(id: string): Binding | undefined {
    return this.#byId.get(id)
  }

  /** By the id that the owner sent, where a hook renamed it. */
  findSent(owner: Worker, sentId: string): Binding | undefined {
    return this.#renamed.get(owner)?.get(sentId)
  }

  findLogical(id: string): LogicalBinding | undefined {
    return this.#logical.get(id)
  }

  ownedBy(owner: Worker | null): Iterable<Binding> {
    return this.#byOwner.get(owner)?.values() ?? []
  }

  countOwnedBy(owner: Worker | null): number {
    return this.#byOwner.get(owner)?.size ?? 0
  }

  ofType(triggerType: string): ReadonlySet<LogicalBinding> {
    return this.#byType.get(triggerType) ?? NO_LOGICAL
  }

  /**
   * An equal logical binding that `owner` has no part in yet, if `may` admits one of its members as a replica.
   * The one found becomes the last candidate, so that an owner of many equal bindings does not search them all each time.
   */
  joinable(key: string, owner: Worker | null, may: (other: Worker | null) => boolean): LogicalBinding | undefined {
    const candidates = this.#byKey.get(key)
    if (candidates === undefined || owner === null) return undefined
    let left = MAX_CANDIDATES
    for (const candidate of candidates) {
      if (left-- === 0) return undefined
      if (candidate.members.has(owner) || ![...candidate.members.keys()].some(may)) continue
      candidates.delete(candidate)
      candidates.add(candidate)
      return candidate
    }
    return undefined
  }

  /** A new logical binding, known to providers as `id` if that is free. */
  create(id: string, content: BindingContent): LogicalBinding {
    const logical = new LogicalBinding(this.#logical.has(id) ? randomUUID() : id, content)
    this.#logical.set(logical.id, logical)
    this.#index(logical)
    return logical
  }

  /** Replaces the content of a logical binding in place. */
  change(logical: LogicalBinding, content: BindingContent): void {
    this.#unindex(logical)
    logical.content = content
    this.#index(logical)
  }

  add(binding: Binding): void {
    this.#byId.set(binding.id, binding)
    this.#indexOwner(binding)
    binding.logical.members.set(binding.owner, binding)
  }

  /** Hands a binding to another owner. */
  transfer(binding: Binding, owner: Worker | null, sentId: string): void {
    this.#unindexOwner(binding)
    binding.logical.members.delete(binding.owner)
    binding.owner = owner
    binding.sentId = sentId
    this.#indexOwner(binding)
    binding.logical.members.set(owner, binding)
  }

  /** Removes a binding. A logical binding without members is removed too: true. */
  remove(binding: Binding): boolean {
    this.#byId.delete(binding.id)
    this.#unindexOwner(binding)
    const { logical } = binding
    logical.members.delete(binding.owner)
    if (logical.members.size > 0) return false
    this.#logical.delete(logical.id)
    this.#unindex(logical)
    return true
  }

  #indexOwner(binding: Binding): void {
    const { owner, id, sentId } = binding
    inMap(this.#byOwner, owner).set(id, binding)
    if (owner !== null && sentId !== id) inMap(this.#renamed, owner).set(sentId, binding)
  }

  #unindexOwner(binding: Binding): void {
    const { owner, id, sentId } = binding
    deleteIn(this.#byOwner, owner, id)
    if (owner !== null && this.#renamed.get(owner)?.get(sentId) === binding) deleteIn(this.#renamed, owner, sentId)
  }

  #index(logical: LogicalBinding): void {
    inSet(this.#byType, logical.content.triggerType).add(logical)
    inSet(this.#byKey, logical.key).add(logical)
  }

  #unindex(logical: LogicalBinding): void {
    outOfSet(this.#byType, logical.content.triggerType, logical)
    outOfSet(this.#byKey, logical.key, logical)
  }
}

/** How many equal bindings are searched for one to join; beyond this a binding stands for itself. */
const MAX_CANDIDATES = 1000

function inMap<Key, Value>(maps: Map<Key, Map<string, Value>>, key: Key): Map<string, Value> {
  let map = maps.get(key)
  if (map === undefined) {
    map = new Map()
    maps.set(key, map)
  }
  return map
}

function deleteIn<Key, Value>(maps: Map<Key, Map<string, Value>>, key: Key, id: string): void {
  const map = maps.get(key)
  map?.delete(id)
  if (map?.size === 0) maps.delete(key)
}

function inSet<Value>(sets: Map<string, Set<Value>>, key: string): Set<Value> {
  let set = sets.get(key)
  if (set === undefined) {
    set = new Set()
    sets.set(key, set)
  }
  return set
}

function outOfSet<Value>(sets: Map<string, Set<Value>>, key: string, value: Value): void {
  const set = sets.get(key)
  set?.delete(value)
  if (set?.size === 0) sets.delete(key)
}
