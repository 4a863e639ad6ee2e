// One change of the set of listeners: addresses that stay are handed from the old listener to the new one without a gap, new ones are
// bound before anything is in force, and those that go are let go of before plugins of the same change want them.
import { AddressError, isInUse } from '../../base/net/address-error.ts'
import { shownAddress } from '../../base/net/shown-address.ts'
import { WebListener } from '../../base/net/web-listener.ts'
import { LISTENER_NAME } from '../config/worker-names.ts'
import { ChangeError, type ChangeProblem, type PreparedPart } from '../config/change.ts'
import { nobodyEnforcesRbac, placed } from '../config/entry-problem.ts'
import { diffEntries } from '../config/diff.ts'
import { listenerOf } from '../config/listener-config.ts'
import type { ListenerConfig } from '../config/listener-schema.ts'
import type { WorkerEntry } from '../config/types.ts'
import { Listener } from './listener.ts'
import type { ListenersDeps, OpenListener } from './listeners.ts'

export interface ChangeSurroundings {
  /** Ports of plugins that the same change stops or changes. */
  readonly portsGivenUp: ReadonlySet<number>
  /** The same change starts or changes plugins: one of them may hold the seat that is not held now. */
  readonly mayHoldSeats: boolean
  /** How long an address is waited for that is held though nobody listens there. */
  readonly heldAddressMs: number
  /** Ends that waiting. */
  readonly signal?: AbortSignal | undefined
  onOpen(open: readonly OpenListener[]): void
  onCommitted(): void
}

/** A listener that is to be opened. */
interface Opening {
  readonly entry: WorkerEntry
  readonly config: ListenerConfig
  readonly web: WebListener
  /** `taken`: an old listener's address; `bound`: by this change; `waiting`: others hold it until the commit. */
  address: 'taken' | 'bound' | 'waiting' | 'unavailable'
  /** Where connections are accepted before the commit. */
  early?: Listener
}

/** A listener that listens no more, and where it can do so again. */
interface Released {
  readonly open: OpenListener
  readonly host: string
  readonly port: number
}

export class ListenerChange implements PreparedPart {
  readonly problems: ChangeProblem[] = []
  readonly #deps: ListenersDeps
  readonly #before: readonly OpenListener[]
  readonly #entries: readonly WorkerEntry[]
  readonly #around: ChangeSurroundings
  readonly #kept = new Map<WorkerEntry, Listener>()
  readonly #leaving: readonly OpenListener[]
  readonly #openings: readonly Opening[]
  #released: readonly Released[] = []

  constructor(
    deps: ListenersDeps,
    before: readonly OpenListener[],
    entries: readonly WorkerEntry[],
    around: ChangeSurroundings,
  ) {
    this.#deps = deps
    this.#before = before
    this.#entries = entries
    this.#around = around
    const { unchanged, changed } = diffEntries(
      before.map(({ entry }) => entry),
      entries,
    )
    for (const { from, to } of unchanged) {
      const open = before.find(({ entry }) => entry === from)
      if (open !== undefined) this.#kept.set(to, open.listener)
    }
    const kept = new Set(this.#kept.values())
    this.#leaving = before.filter(({ listener }) => !kept.has(listener))
    const predecessors = new Map(changed.map(({ from, to }) => [to, from]))
    const free = new Set(this.#leaving)
    this.#openings = entries
      .filter((entry) => !this.#kept.has(entry))
      .map((entry) => this.#opening(entry, predecessors.get(entry), free))
  }

  /** Binds what is new and notes what is in the way. */
  async bind(): Promise<void> {
    for (const opening of this.#openings) {
      if (opening.address !== 'taken') await this.#bind(opening, this.#comesFree(opening.config.port))
      if (!this.#around.mayHoldSeats) this.problems.push(...this.#seatProblems(opening))
    }
  }

  /** Who connects to a bound address before the commit is not asked to come back, but waits for it. */
  acceptEarly(): void {
    for (const opening of this.#openings) {
      if (opening.address !== 'bound') continue
      opening.early = this.#listener(opening)
      opening.early.acceptEarly()
    }
  }

  release(): void {
    const taken = new Set(this.#openings.map(({ web }) => web))
    this.#released = this.#leaving
      .filter(({ listener }) => !taken.has(listener.web))
      .map((open) => ({ open, ...open.listener.web.address }))
    for (const { open } of this.#released) open.listener.web.stopListening()
  }

  async commit(): Promise<void> {
    try {
      await this.#openTheRest()
    } catch (error) {
      await this.discard()
      throw error
    }
    for (const [entry, listener] of this.#kept) listener.instanceId = entry.instanceId
    const opened = new Map(this.#kept)
    for (const opening of this.#openings) {
      const listener = opening.early ?? this.#listener(opening)
      opened.set(opening.entry, listener)
      listener.serve()
    }
    this.#around.onOpen(this.#entries.flatMap((entry) => openListener(entry, opened.get(entry))))
    this.#around.onCommitted()
    const inUse = new Set([...opened.values()].map(({ web }) => web))
    await Promise.all(
      this.#leaving.map(({ listener }) => {
        if (!inUse.has(listener.web)) return listener.close()
        const { instanceId } = listener
        this.#deps.log.info(`listener '${instanceId}' has new settings; its connections are closed, and may come back`)
        return listener.endSessions()
      }),
    )
  }

  async discard(): Promise<void> {
    const bound = this.#openings.filter(({ address }) => address === 'bound')
    await Promise.all(bound.map(({ early, web }) => (early ?? web).close()))
    const lost = new Set<OpenListener>()
    for (const { open, host, port } of this.#released) {
      // One that can't be opened any more must not keep the others closed.
      await this.#open(open.listener.web, host, port).catch((error: unknown) => {
        this.#deps.log.error(`listener '${open.entry.instanceId}' could not be opened again`, error)
        lost.add(open)
      })
    }
    this.#released = []
    if (lost.size === 0) return
    this.#around.onOpen(this.#before.filter((open) => !lost.has(open)))
    await Promise.all([...lost].map(({ listener }) => listener.close()))
  }

  #listener({ entry, config, web }: Opening): Listener {
    return new Listener(entry.instanceId, config, web, this.#deps)
  }

  /** Takes over the address of the listener before it, or of another one that goes. */
  #opening(entry: WorkerEntry, predecessor: WorkerEntry | undefined, free: Set<OpenListener>): Opening {
    const config = listenerOf(entry)
    const heirOf = [...free]
      .filter(({ listener }) => isSameAddress(listener, config))
      .sort((a, b) => Number(b.entry === predecessor) - Number(a.entry === predecessor))[0]
    if (heirOf !== undefined) {
      free.delete(heirOf)
      return { entry, config, web: heirOf.listener.web, address: 'taken' }
    }
    const web = new WebListener({
      worker: LISTENER_NAME,
      handshakeTimeoutMs: config.handshake_timeout_ms,
      onFailure: (error) => this.#deps.log.error('listener failed', error),
    })
    return { entry, config, web, address: 'waiting' }
  }

  /** @param canWait who holds the address now gives it up before the commit. */
  async #bind(opening: Opening, canWait: boolean): Promise<void> {
    const { config, web, entry } = opening
    try {
      await this.#open(web, config.host, config.port)
      opening.address = 'bound'
    } catch (error) {
      if (!(error instanceof AddressError)) throw error
      if (isInUse(error) && canWait) return
      opening.address = 'unavailable'
      this.problems.push({ subject: subjectOf(entry), code: error.code, message: error.message })
    }
  }

  #open(web: WebListener, host: string, port: number): Promise<void> {
    const { heldAddressMs: waitMs, signal } = this.#around
    const onWait = (): void =>
      this.#deps.log.warn(
        `address ${shownAddress(host, port)} is held by a connection that has it, or had it a moment ago (TIME_WAIT), though nobody listens there; it is tried for ${waitMs} ms`,
      )
    return web.open(host, port, { wait: { waitMs, signal, onWait } })
  }

  /** Who holds the port gives it up in this change: one of our own on another host, or a plugin. */
  #comesFree(port: number): boolean {
    return this.#around.portsGivenUp.has(port) || this.#leaving.some(({ listener }) => listener.port === port)
  }

  async #openTheRest(): Promise<void> {
    for (const opening of this.#openings) if (opening.address === 'waiting') await this.#bind(opening, false)
    const problems = this.#openings.flatMap((opening) => this.#seatProblems(opening))
    this.problems.push(...problems)
    if (this.problems.length > 0) throw new ChangeError(this.problems)
  }

  #seatProblems({ entry, config: { rbac, port } }: Opening): readonly ChangeProblem[] {
    if (rbac === undefined || this.#deps.sessionPolicy.isHeld) return []
    const message = placed(entry, nobodyEnforcesRbac(entry.writtenName, port, this.#deps.sessionPolicy.usualHolder))
    return [{ subject: subjectOf(entry), code: 'AUTH_ERROR', message }]
  }
}

function isSameAddress(listener: Listener, { host, port }: ListenerConfig): boolean {
  return listener.config.host === host && (listener.config.port === port || listener.port === port)
}

function openListener(entry: WorkerEntry, listener: Listener | undefined): OpenListener[] {
  return listener === undefined ? [] : [{ entry, listener }]
}

function subjectOf({ instanceId }: WorkerEntry): string {
  return `listener '${instanceId}'`
}
