// The other thread of `hop`: answers each call with its payload, over the ring or over `postMessage` of strings.
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { Frame, FrameKind, readFrame, writeFrame } from '../../protocol/ring/frame.ts'
import { RingDuplex } from '../../protocol/ring/ring-duplex.ts'

/** `memory`: answer over this ring; null: over the port itself. */
export interface HopSetup {
  readonly memory: SharedArrayBuffer | null
  readonly port: MessagePort
}

const { memory, port } = workerData as HopSetup
if (memory === null) answerMessages(port)
else answerFrames(new RingDuplex(memory, 1, port))
parentPort?.postMessage('ready')

function answerMessages(to: MessagePort): void {
  to.on('message', (message: string) => {
    const blank = message.indexOf(' ')
    const payload: unknown = JSON.parse(message.slice(blank + 1))
    to.postMessage(`${message.slice(0, blank)} ${JSON.stringify(payload)}`)
  })
}

function answerFrames(duplex: RingDuplex): void {
  const frame = new Frame()
  duplex.start((bytes, start, end) => {
    readFrame(bytes, start, end, frame)
    const { callId } = frame
    const payload: unknown = JSON.parse(frame.text(bytes) ?? 'null')
    writeFrame(duplex, FrameKind.Result, 0, 0, callId, 0, '', '', JSON.stringify(payload))
  })
}
