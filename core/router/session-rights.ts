// What the policy of a session says about its registrations; all other workers have no such rights, and no limits by them.
import type { SessionRights } from '../model/policy.ts'
import type { Worker } from '../model/worker.ts'

export function rightsOf(worker: Worker): SessionRights | undefined {
  return worker.policy.kind === 'session' ? worker.policy.rights : undefined
}

/** The id under which a session's function is known (spec 04 B.7). */
export function prefixed(rights: SessionRights | undefined, id: string): string {
  return rights?.prefix === undefined ? id : `${rights.prefix}::${id}`
}

/** A member of a hook's answer where it is a text, else what was sent. */
export function stringOr<Fallback>(value: unknown, fallback: Fallback): string | Fallback {
  return typeof value === 'string' && value !== '' ? value : fallback
}
