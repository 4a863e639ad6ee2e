// What is limited in workers on the SDK, with the defaults that the code has.
import { bytesText, charactersText, countText, timeText } from '../../base/values/amount-text.ts'
import { MAX_UNSENT_BYTES } from '../../sdk/browser/channels.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { DEFAULT_TIMEOUT_MS } from '../../sdk/pending-calls.ts'
import { SOCKET_LIMITS } from '../../sdk/transports/socket-options.ts'

const socket = SOCKET_LIMITS

export const SDK_BOUNDS: readonly Bound[] = [
  {
    limit: 'wait for an answer, and for the connection',
    option: '`invocationTimeoutMs`, `timeoutMs` of a call',
    initial: timeText(DEFAULT_TIMEOUT_MS),
    effect: '`TIMEOUT`',
  },
  {
    limit: 'calls that wait for the connection',
    initial: `${countText(socket.maxWaitingCalls)}, ${charactersText(socket.maxWaitingLength)}`,
    effect: '`overloaded`; void calls are dropped, with a line on the console',
  },
  { limit: 'unanswered calls', initial: countText(socket.maxUnanswered), effect: 'the oldest is given up: `timeout`' },
  { limit: 'unanswered calls from the engine', initial: countText(socket.maxUnanswered), effect: '`overloaded`' },
  {
    limit: 'bytes that have not left',
    initial: bytesText(socket.maxBufferedBytes),
    effect: '`overloaded` until half of them have; void calls and lines of `Logger` go to the console',
  },
  { limit: 'frame that is sent', initial: bytesText(socket.maxSentBytes), effect: 'the call or the answer is refused' },
  { limit: 'frame that is read, in Node', initial: bytesText(socket.maxFrameBytes), effect: 'the connection ends' },
  { limit: 'from connecting to the greeting', initial: timeText(socket.handshakeMs), effect: 'tried again' },
  {
    limit: 'longest wait before the next attempt',
    option: '`reconnectionConfig.maxDelayMs`',
    initial: timeText(30_000),
    effect: 'tried again',
  },
  {
    limit: 'further attempts to connect',
    option: '`reconnectionConfig.maxRetries`',
    initial: 'no limit',
    effect: 'state `failed`; calls end with `not_connected`',
  },
  {
    limit: 'silence of the engine',
    initial: `${timeText(socket.idleMs)}, pinged every ${timeText(socket.pingMs)}`,
    effect: 'connected anew',
  },
  { limit: 'end of the connection', initial: timeText(socket.closeMs), effect: 'cut off' },
  {
    limit: 'bytes of a channel that nobody reads, in a page',
    initial: bytesText(socket.maxUntakenBytes),
    effect: 'reading fails with `overloaded`; in Node the writer waits instead',
  },
  {
    limit: 'bytes that wait in a writer of a channel, in a page',
    initial: bytesText(MAX_UNSENT_BYTES),
    effect: 'writing throws `overloaded`; in Node `stream` tells when to wait',
  },
]
