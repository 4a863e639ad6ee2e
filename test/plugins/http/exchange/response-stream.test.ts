import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { RequestChannels } from '../../../../plugins/http/exchange/channels.ts'
import { ResponseStream } from '../../../../plugins/http/exchange/response-stream.ts'

const STALLED_CLIENT_MS = 120_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A client that takes nothing until it drains. */
function fullClient() {
  const log: string[] = []
  const response = Object.assign(new EventEmitter(), {
    req: { method: 'GET' },
    write: (bytes: Uint8Array) => {
      log.push(`write ${String(bytes)}`)
      return false
    },
    end: () => void log.push('end'),
    destroy: () => void log.push('destroy'),
  })
  const channels = {
    pauseResponse: () => void log.push('pause'),
    resumeResponse: () => void log.push('resume'),
  }
  const stream = new ResponseStream(
    response as unknown as ServerResponse,
    channels as unknown as RequestChannels,
    undefined,
    STALLED_CLIENT_MS,
  )
  return { stream, response, log }
}

it('a client that takes nothing for too long is given up', () => {
  const { stream, log } = fullClient()
  stream.write(Buffer.from('a'))
  vi.advanceTimersByTime(STALLED_CLIENT_MS - 1)
  expect(log).toEqual(['write a', 'pause'])
  vi.advanceTimersByTime(1)
  expect(log).toEqual(['write a', 'pause', 'destroy'])
  stream.write(Buffer.from('b'))
  stream.end()
  expect(log).toEqual(['write a', 'pause', 'destroy'])
})

it('one that takes something has its time again', () => {
  const { stream, response, log } = fullClient()
  for (let round = 0; round < 3; round++) {
    stream.write(Buffer.from('a'))
    vi.advanceTimersByTime(STALLED_CLIENT_MS - 1)
    response.emit('drain')
  }
  stream.end()
  vi.advanceTimersByTime(STALLED_CLIENT_MS)
  expect(log.filter((step) => step !== 'write a')).toEqual([
    'pause',
    'resume',
    'pause',
    'resume',
    'pause',
    'resume',
    'end',
  ])
})
