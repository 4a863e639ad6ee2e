// The call by which a worker says who it is (spec 01 §7). An engine may hold registrations back until it comes (§13), and
// handles frames in order: its answer says that what was registered before it has taken effect.
import type { Connection } from './connection.ts'

/** No call of the load has this id. */
const ANNOUNCE_ID = 'ffffffff-ffff-4fff-8fff-ffffffffffff'

export function appendAnnouncement(connection: Connection, name: string): void {
  connection.appendMessage({
    type: 'invokefunction',
    invocation_id: ANNOUNCE_ID,
    function_id: 'engine::workers::register',
    data: { runtime: 'node', name, pid: process.pid },
  })
}

/** An error is as good: a target without this function holds nothing back. */
export function isAnnounceAnswer(message: Readonly<Record<string, unknown>>): boolean {
  return message['type'] === 'invocationresult' && message['invocation_id'] === ANNOUNCE_ID
}
