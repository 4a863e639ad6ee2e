// Sends back each frame that it gets, in order. Between drains it pauses now and then when asked to, and keeps the thread busy.
import { workerData } from 'node:worker_threads'
import { RingDuplex, type RingEndInit, type RingOptions } from '../../../../protocol/ring/ring-duplex.ts'

interface EchoTask extends RingEndInit {
  readonly pauseEvery: number
  readonly pauseMs: number
  readonly ring: Partial<RingOptions>
}

const { memory, port, pauseEvery, pauseMs, ring } = workerData as EchoTask
const duplex = new RingDuplex(memory, 1, port, ring)
let count = 0
duplex.start((bytes, start, end) => {
  const at = duplex.reserve(end - start)
  bytes.copy(duplex.target, at, start, end)
  duplex.commit(end - start)
  if (pauseEvery > 0 && ++count % pauseEvery === 0) {
    const until = performance.now() + Math.random() * pauseMs
    while (performance.now() < until);
  }
})
