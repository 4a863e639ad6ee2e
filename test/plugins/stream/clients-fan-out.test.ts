// The fan-out by itself: one write per subscriber and turn, in order, bounded; and the bounds of what else waits.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Audience, Subscriber } from '../../../plugins/stream/clients/audience.ts'
import { FanOut } from '../../../plugins/stream/clients/fan-out.ts'
import { Interest } from '../../../plugins/stream/clients/interest.ts'
import { LeaveQueue } from '../../../plugins/stream/clients/leave-queue.ts'
import { MembershipTriggers } from '../../../plugins/stream/clients/membership-triggers.ts'
import { Slots } from '../../../plugins/stream/clients/slots.ts'
import { Subscription } from '../../../plugins/stream/clients/subscription.ts'
import { textFrames } from '../../../plugins/stream/clients/text-frames.ts'
import { StreamEvent } from '../../../plugins/stream/event.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'

class Recorder implements Subscriber {
  hit: Audience | Audience[] | undefined
  readonly writes: { readonly frames: Buffer; readonly count: number }[] = []

  write(frames: Buffer, count: number): void {
    this.writes.push({ frames, count })
  }

  subscribe(fanOut: FanOut, group: string, item: string | null): this {
    const subscription = new Subscription('s', 'board', group, item)
    const interest = new Interest(fanOut.groups.open('board', group), this)
    interest.add(subscription)
    interest.goLive()
    return this
  }
}

function event(offset: number, group = 'g1', item: string | null = null, data = '1'): StreamEvent {
  return new StreamEvent({
    stream: 'board',
    group,
    item,
    timestamp: offset,
    event: `{"type":"event","data":${data}}`,
    position: { epoch: 'e', offset },
  })
}

describe('the events of one turn', () => {
  it('become one write with the same bytes for all subscribers of a group', () => {
    const fanOut = new FanOut(() => {})
    const [one, other] = [new Recorder(), new Recorder()].map((recorder) => recorder.subscribe(fanOut, 'g1', null))
    for (let offset = 1; offset <= 5; offset++) fanOut.tell(event(offset))
    expect(one!.writes).toEqual([])
    fanOut.flush()
    expect(one!.writes.map(({ count }) => count)).toEqual([5])
    expect(other!.writes[0]!.frames).toBe(one!.writes[0]!.frames)
  })

  it('are shared as well by subscribers of the same several groups', () => {
    const fanOut = new FanOut(() => {})
    const all = [new Recorder(), new Recorder(), new Recorder()]
    for (const recorder of all) recorder.subscribe(fanOut, 'g1', null)
    for (const recorder of all.slice(1)) recorder.subscribe(fanOut, 'g2', null)
    for (let offset = 1; offset <= 6; offset++) fanOut.tell(event(offset, offset % 2 === 0 ? 'g2' : 'g1'))
    fanOut.flush()
    expect(all.map(({ writes }) => writes.map(({ count }) => count))).toEqual([[3], [6], [6]])
    expect(all[1]!.writes[0]!.frames).toBe(all[2]!.writes[0]!.frames)
    expect(
      all[1]!.writes[0]!.frames.toString()
        .match(/"timestamp":\d/g)!
        .join(),
    ).toBe([1, 2, 3, 4, 5, 6].map((n) => `"timestamp":${n}`).join())
  })

  it('go out at the end of the turn by themselves', async () => {
    const fanOut = new FanOut(() => {})
    const recorder = new Recorder().subscribe(fanOut, 'g1', 'a')
    fanOut.tell(event(1, 'g1', 'a'))
    fanOut.tell(event(2, 'g1', 'b'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(recorder.writes.map(({ count }) => count)).toEqual([1])
  })

  it('are not gathered beyond 256 KiB', () => {
    const fanOut = new FanOut(() => {})
    const recorder = new Recorder().subscribe(fanOut, 'g1', null)
    const data = JSON.stringify('x'.repeat(50_000))
    for (let offset = 1; offset <= 12; offset++) fanOut.tell(event(offset, 'g1', null, data))
    expect(recorder.writes.map(({ count }) => count)).toEqual([6, 6])
  })

  it('cost nothing when nobody listens', () => {
    const fanOut = new FanOut(() => {})
    const unheard = event(1)
    Object.defineProperty(unheard, 'frame', {
      get: () => {
        throw new Error('a frame for nobody')
      },
    })
    fanOut.tell(unheard)
    expect(fanOut.told).toEqual({ epoch: 'e', offset: 1 })
  })
})

it('frames of any size are read back by ws as they were', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const read = new Collector<Buffer>()
  peer.on('message', (data: Buffer) => read.add(data))
  const [, request] = (await once(server, 'connection')) as [WebSocket, IncomingMessage]
  onTestFinished(() => peer.terminate())
  const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]
  const payloads = [...sizes, ...sizes.toReversed()].map((size, index) => Buffer.alloc(size, 97 + index))
  request.socket.write(textFrames(payloads))
  expect(await read.take(payloads.length)).toEqual(payloads)
})

describe('leaves of connections that have ended', () => {
  it('run a few at a time, wait in order, and are dropped with a warning beyond the limit', async () => {
    const log = collectingLog()
    const called: string[] = []
    const answers: (() => void)[] = []
    const trigger = ({ payload }: { payload?: unknown }) => {
      called.push((payload as { subscription_id: string }).subscription_id)
      return new Promise<void>((resolve) => answers.push(resolve))
    }
    const triggers = new MembershipTriggers({ iii: { trigger }, log, timeoutMs: () => 1_000 })
    triggers.registerTrigger({ id: 'b', function_id: 'on-leave', config: {} })
    const queue = new LeaveQueue(triggers, log, { maxRunning: 2, maxWaiting: 3 })
    for (const id of ['1', '2', '3', '4', '5', '6', '7'])
      queue.push({ subscription_id: id, stream_name: 's', group_id: 'g', id: null, context: null })
    expect(called).toEqual(['1', '2'])
    expect(log.lines).toHaveLength(1)
    for (let round = 0; round < 2; round++) {
      answers.shift()!()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(called).toEqual(['1', '2', '3', '4'])
    await queue.close(1_000)
    expect(called).toEqual(['1', '2', '3', '4', '5'])
  })
})

it('slots let waiting operations in when others end, failed ones included', async () => {
  const slots = new Slots(() => 1)
  const order: number[] = []
  const outcomes = await Promise.allSettled(
    [0, 1, 2].map((index) =>
      slots.run(async () => {
        order.push(index)
        await new Promise((resolve) => setImmediate(resolve))
        if (index === 1) throw new Error('failed')
      }),
    ),
  )
  expect(order).toEqual([0, 1, 2])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})
