// Pings and silence, with a clock and a timer in the test's hand.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PeerSweep, type SweptPeer } from '../../../base/net/peer-sweep.ts'

let time = 0

class Peer implements SweptPeer {
  pings = 0
  heardAt = 0

  ping(): void {
    this.pings++
  }

  isSilent(forMs: number, now: number): boolean {
    return now - this.heardAt > forMs
  }
}

beforeEach(() => {
  time = 0
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  vi.spyOn(performance, 'now').mockImplementation(() => time)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Time passes, and timers run on time. */
function pass(ms: number): void {
  for (const end = time + ms; time < end;) {
    time++
    vi.advanceTimersByTime(1)
  }
}

/** Time passes, and nothing runs until it is over. */
function standStill(ms: number): void {
  time += ms
}

function sweep() {
  const peers = new Set<Peer>()
  const dropped: Peer[] = []
  const peer = (): Peer => {
    const one = new Peer()
    peers.add(one)
    return one
  }
  const swept = new PeerSweep(peers, (dead) => {
    dropped.push(dead)
    peers.delete(dead)
  })
  return { swept, dropped, peer }
}

test('a peer that answers pings stays, one that does not is dropped once', () => {
  const { swept, dropped, peer } = sweep()
  const [alive, dead] = [peer(), peer()]
  swept.start({ pingMs: 25, idleMs: 75 })
  for (let round = 1; round <= 8; round++) {
    pass(25)
    expect(alive.pings).toBe(round)
    alive.heardAt = time
  }
  expect(dropped).toEqual([dead])
})

test('pings alone drop nobody, silence alone pings only whom a standstill leaves in doubt', () => {
  const { swept, dropped, peer } = sweep()
  const one = peer()
  swept.start({ pingMs: 10, idleMs: 0 })
  pass(1_000)
  expect([one.pings, dropped.length]).toEqual([100, 0])
  swept.start({ pingMs: 0, idleMs: 30 })
  standStill(100)
  pass(10)
  expect([one.pings, dropped.length]).toEqual([101, 0])
  pass(10)
  expect([one.pings, dropped]).toEqual([101, [one]])
})

test('silence during a standstill does not count: the peer is asked again first', () => {
  const { swept, dropped, peer } = sweep()
  const [alive, dead] = [peer(), peer()]
  swept.start({ pingMs: 25, idleMs: 75 })
  pass(25)
  const { pings } = alive
  standStill(10_000)
  pass(25)
  expect([alive.pings, dead.pings, dropped.length]).toEqual([pings + 1, pings + 1, 0])
  alive.heardAt = time
  pass(25)
  expect(dropped).toEqual([dead])
})

test('both switched off, and after stop, nothing is asked', () => {
  const { swept, peer } = sweep()
  const one = peer()
  swept.start({ pingMs: 10, idleMs: 30 })
  swept.start({ pingMs: 0, idleMs: 0 })
  pass(100)
  swept.start({ pingMs: 10, idleMs: 0 })
  swept.stop()
  pass(100)
  expect(one.pings).toBe(0)
})
