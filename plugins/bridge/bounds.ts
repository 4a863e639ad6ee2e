// What is limited in `iii-bridge`, with the defaults that the code has. What every bridge has in common stands with the bridge adapters.
import { charactersText, countText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { MAX_HOPS } from '../../kit/bridge/hops.ts'
import { SOCKET_LIMITS } from '../../sdk/transports/socket-options.ts'
import { DEFAULT_TIMEOUT_MS } from './config.ts'
import { EXPOSED_LIMITS } from './exposed-functions.ts'
import { LINGER_MS } from './connection.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit:
      'time of a forwarded call, with its wait for the connection (`timeout_ms` of an entry of `forward`, or of the input of `bridge.invoke`)',
    initial: timeText(DEFAULT_TIMEOUT_MS),
    effect: '`bridge_error`; the call may have been carried out',
  },
  {
    limit: 'calls that wait for the connection, those of `bridge.invoke_async` included',
    initial: `${countText(SOCKET_LIMITS.maxWaitingCalls)}, ${charactersText(SOCKET_LIMITS.maxWaitingLength)}`,
    effect: '`overloaded`',
  },
  {
    limit: 'unanswered calls of exposed functions',
    initial: `${countText(EXPOSED_LIMITS.calls)}, ${charactersText(EXPOSED_LIMITS.length)}`,
    effect: '`overloaded`',
  },
  {
    limit: 'time of a call of an exposed function',
    initial: timeText(EXPOSED_LIMITS.timeoutMs),
    effect: '`TIMEOUT`; it no longer counts as unanswered',
  },
  {
    limit: 'time for which a connection stays after another one has taken its place',
    initial: timeText(LINGER_MS),
    effect: 'it takes no calls any more; those under way are answered',
  },
  { limit: 'bridges that a call crosses', initial: countText(MAX_HOPS), effect: '`bridge_error`' },
]
