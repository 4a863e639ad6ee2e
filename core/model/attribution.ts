// Who did what is warned about. The name of a session is its own word, so its id, listener and address stand beside it.
import type { Worker } from './worker.ts'

/** For the data of a line in the log. */
export function attribution({ id, name, policy, listener, ipAddress: ip }: Worker): Record<string, string> {
  if (policy.kind !== 'session') return { worker: name ?? id }
  return {
    worker: name ?? id,
    worker_id: id,
    ...(listener !== undefined && { listener }),
    ...(ip !== undefined && { ip }),
  }
}

/** For the subject of a throttled warning: sessions of one address share it, or a thousand of them would write a thousand lines. */
export function attributedTo({ id, policy, listener, ipAddress }: Worker): string {
  return policy.kind === 'session' ? `session ${listener} ${ipAddress}` : id
}
