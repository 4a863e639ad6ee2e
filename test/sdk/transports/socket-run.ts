// A handle on a socket to a real listener, for the tests of the socket transport.
import { onTestFinished } from 'vitest'
import { distinctName } from '../../../kit/bridge/distinct-name.ts'
import { Handle } from '../../../sdk/handle.ts'
import { NODE_SOCKETS } from '../../../sdk/transports/node-sockets.ts'
import type { SocketLimits } from '../../../sdk/transports/socket-options.ts'
import { SocketTransport } from '../../../sdk/transports/socket-transport.ts'
import { Collector } from '../../support/deadline.ts'

export interface SocketRun {
  readonly iii: Handle
  readonly transport: SocketTransport
  /** `connected`, `connected again`, `disconnected: …`, `failed: …`, `dropped: …`, as they happen. */
  readonly events: Collector<string>
  readonly problems: Collector<string>
}

/** Reconnects quickly; all other limits are the defaults unless given. */
export function openSocket(url: string, limits: Partial<SocketLimits> = {}, name = 'socket-worker'): SocketRun {
  const events = new Collector<string>()
  const problems = new Collector<string>()
  const transport = new SocketTransport({
    url,
    platform: NODE_SOCKETS,
    worker: { name },
    nameAfterConflict: distinctName,
    limits: { reconnectMs: 10, maxReconnectMs: 50, ...limits },
    events: {
      onConnected: (again) => events.add(again ? 'connected again' : 'connected'),
      onDisconnected: (reason) => events.add(`disconnected: ${reason}`),
      onAttemptFailed: (reason) => events.add(`failed: ${reason}`),
      onVoidDropped: ({ functionId }, { message }) => events.add(`dropped: ${functionId}: ${message}`),
    },
  })
  const iii = new Handle(transport, { onProblem: problems.add })
  onTestFinished(() => transport.end())
  return { iii, transport, events, problems }
}

/** Waits for the first event that matches, from the `from`-th on. */
export async function eventLike({ events }: SocketRun, pattern: RegExp, from = 0): Promise<string> {
  for (let count = from + 1; ; count++) {
    const event = (await events.take(count))[count - 1]!
    if (pattern.test(event)) return event
  }
}
