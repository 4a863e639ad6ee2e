// A line in the log and an event for each worker that connects, registers functions, leaves, is lost or is refused. A flood of them is a few
// lines with counts. One-shot clients, which neither announce themselves nor register anything, are no workers; plugins tell of themselves.
import { systemClock, type Clock } from '../../base/time/clock.ts'
import { CountedNotices } from '../../base/warnings/counted-notices.ts'
import type { Log } from '../log.ts'
import type { Worker } from '../model/worker.ts'
import type { EngineEvents, EventName } from './engine-events.ts'
import { cutText } from './log-export.ts'

/** Registrations within that of the first are one line. */
const COLLECT_MS = 250
/** Ids that a line or an event names. */
const NAMED = 10
const MAX_ID_CHARACTERS = 120

/** Somebody who wanted to be a worker and may not. */
export interface Refusal {
  readonly reason: string
  readonly listener?: string | undefined
  readonly ip?: string | undefined
  readonly worker?: string | undefined
}

interface Known {
  /** Its connecting has been told. */
  isTold: boolean
  hasFunctions: boolean
  /** Registered and not told yet. */
  ids: string[]
  more: number
  /** When these are told, as time that has passed; undefined = there are none, or the worker has ended. */
  dueAt: number | undefined
}

export class WorkerNotices {
  readonly #log: Log
  readonly #events: EngineEvents
  readonly #clock: Clock
  readonly #lines: CountedNotices
  readonly #known = new Map<Worker, Known>()
  /** Who has something to tell, in the order in which it is due: one timer serves all. */
  #due: { readonly worker: Worker; readonly known: Known }[] = []
  #cancel: (() => void) | undefined
  #isClosed = false

  constructor(log: Log, events: EngineEvents, clock: Clock = systemClock) {
    this.#log = log
    this.#events = events
    this.#clock = clock
    this.#lines = new CountedNotices({ clock })
  }

  /** It has said who it is. */
  announced(worker: Worker): void {
    if (isExternal(worker)) this.#connected(worker, this.#of(worker))
  }

  /** It provides a function. */
  provided(worker: Worker, id: string): void {
    if (!isExternal(worker) || worker.phase !== 'open' || this.#isClosed) return
    const known = this.#of(worker)
    if (!known.ids.includes(id)) {
      if (known.ids.length < NAMED) known.ids.push(id)
      else known.more++
    }
    if (known.dueAt !== undefined) return
    known.dueAt = this.#clock.passed() + COLLECT_MS
    this.#due.push({ worker, known })
    if (this.#due.length === 1) this.#await(COLLECT_MS)
  }

  #await(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => this.#tellDue())
  }

  #tellDue(): void {
    const now = this.#clock.passed()
    const due = this.#due
    let told = 0
    for (const { worker, known } of due) {
      if (known.dueAt !== undefined && known.dueAt > now) break
      told++
      if (known.dueAt !== undefined) this.#registered(worker, known)
    }
    this.#due = due.slice(told)
    const next = this.#due[0]?.known.dueAt
    if (this.#due.length > 0) this.#await(next === undefined ? 0 : next - now)
  }

  ended(worker: Worker, abnormal: boolean): void {
    const known = this.#known.get(worker)
    this.#known.delete(worker)
    if (known === undefined || this.#isClosed) return
    if (known.dueAt !== undefined) this.#registered(worker, known)
    // Its next connection has taken its place.
    if (!known.isTold || worker.successor !== undefined) return
    const event: EventName = abnormal ? 'worker_lost' : 'worker_left'
    const how = abnormal ? 'was lost' : 'left'
    const seconds = Math.round((performance.now() - worker.connectedMs) / 1000)
    this.#tell(
      event,
      `worker '${nameOf(worker)}' ${how}`,
      { ...namesOf(worker), seconds },
      `workers ${abnormal ? 'were lost' : 'left'}`,
    )
  }

  refused({ reason, listener, ip, worker }: Refusal): void {
    if (this.#isClosed) return
    const members = {
      ...(worker !== undefined && { worker }),
      reason: cutText(reason, 500),
      ...(listener !== undefined && { listener }),
      ...(ip !== undefined && { ip }),
    }
    this.#tell(
      'worker_refused',
      worker === undefined ? 'a worker was refused' : `worker '${worker}' was refused`,
      members,
      'workers were refused',
    )
  }

  /** The engine ends: that its workers are sent away then is no news. */
  close(): void {
    this.#isClosed = true
    this.#cancel?.()
    this.#due = []
    this.#known.clear()
    this.#lines.close()
  }

  #connected(worker: Worker, known: Known): void {
    if (known.isTold || this.#isClosed) return
    known.isTold = true
    const { announcement, listener, ipAddress: ip } = worker
    let runtime = announcement?.runtime ?? ''
    if (announcement?.version !== undefined) runtime += ` ${announcement.version}`
    const members: Record<string, unknown> = { worker: nameOf(worker), worker_id: worker.id }
    if (runtime !== '') members['runtime'] = cutText(runtime, MAX_ID_CHARACTERS)
    if (listener !== undefined) members['listener'] = listener
    if (ip !== undefined) members['ip'] = ip
    this.#tell('worker_connected', `worker '${nameOf(worker)}' connected`, members, 'workers connected')
  }

  #registered(worker: Worker, known: Known): void {
    this.#connected(worker, known)
    const functions = known.ids.length + known.more
    const ids = known.ids.map((id) => cutText(id, MAX_ID_CHARACTERS))
    known.ids = []
    known.more = 0
    known.dueAt = undefined
    const members = { ...namesOf(worker), functions, ids }
    if (known.hasFunctions) {
      this.#events.add('functions_registered', members)
      this.#log.debug(`worker '${nameOf(worker)}' registered functions`, members)
      return
    }
    known.hasFunctions = true
    this.#tell(
      'functions_registered',
      `worker '${nameOf(worker)}' registered its first functions`,
      members,
      'workers registered their first functions',
    )
  }

  #tell(event: EventName, message: string, members: Readonly<Record<string, unknown>>, ofMany: string): void {
    this.#events.addUnread(event, members)
    this.#lines.add(
      event,
      () => this.#log.info(message, members),
      (workers) => this.#log.info(`${workers} more ${ofMany}`, { workers }),
    )
  }

  #of(worker: Worker): Known {
    let known = this.#known.get(worker)
    if (known === undefined) {
      known = { isTold: false, hasFunctions: false, ids: [], more: 0, dueAt: undefined }
      this.#known.set(worker, known)
    }
    return known
  }
}

function isExternal({ link, slot, internal, policy }: Worker): boolean {
  return link.kind === 'socket' && slot === undefined && internal === undefined && policy.kind !== 'engine'
}

function nameOf({ name, id }: Worker): string {
  return name ?? id
}

function namesOf(worker: Worker): { worker: string; worker_id: string } {
  return { worker: nameOf(worker), worker_id: worker.id }
}
