// Reference: a link to a handler thread that sends each frame as a string over `postMessage`. It shares the whole router with
// the ring, so that the two differ in nothing but how a call gets into the thread and its answer out.
import { randomUUID } from 'node:crypto'
import { Worker as Thread } from 'node:worker_threads'
import { objectSplice, Splice } from '../../protocol/scanner/object-splice.ts'
import type { Link } from '../../core/model/link.ts'
import type { Provider } from '../../core/model/function-entry.ts'
import { Worker } from '../../core/model/worker.ts'
import type { Call } from '../../core/model/call.ts'
import type { Router } from '../../core/router/router.ts'
import { siblingFile } from '../sibling-file.ts'

export class PostMessageLink implements Link {
  readonly kind = 'ring'
  readonly open = true
  readonly queuedBytes = 0
  readonly maxFrameBytes = Infinity
  readonly congested = false
  readonly #thread = new Thread(siblingFile(import.meta.url, './post-message-thread'))
  #nextId = 0

  /** `onAnswer` gets the id of the call and raw JSON. */
  constructor(onAnswer: (callId: number, result: Buffer) => void) {
    this.#thread.on('message', (message: string) => {
      const blank = message.indexOf(' ')
      onAnswer(Number(message.slice(0, blank)), Buffer.from(message.slice(blank + 1)))
    })
  }

  nextCallId(): number {
    return this.#nextId++
  }

  deliver(call: Call, callId: string | number, _provider: Provider, callerWorkerId: string | undefined): void {
    this.#thread.postMessage(`${callId} ${withCaller(call.data, callerWorkerId)}`)
  }

  terminate(): void {
    void this.#thread.terminate()
  }

  close(): void {
    this.terminate()
  }

  // The thread only answers calls: it makes none, registers nothing and is never in the way of a sender.
  answer(): void {}
  limitFrames(): void {}
  tooLarge(): undefined {}
  send(): boolean {
    return true
  }
  pause(): void {}
  resume(): void {}
  throttle(): void {}
}

/** Lets a worker behind such a link provide a function. The returned function ends it. */
export function providePostMessageFunction(router: Router, functionId: string): () => void {
  const link: PostMessageLink = new PostMessageLink((callId, result) =>
    router.settle(worker, callId, result, undefined),
  )
  const worker = new Worker({ id: randomUUID(), link, policy: { kind: 'trusted', middleware: undefined } })
  router.addWorker(worker)
  router.functions.register(worker, functionId, { rawId: functionId })
  return () => {
    router.endWorker(worker, { abnormal: false })
    link.terminate()
  }
}

function withCaller(data: Buffer, callerWorkerId: string | undefined): string {
  const text = data.utf8Slice()
  const splice = callerWorkerId === undefined ? Splice.NotAnObject : objectSplice(data)
  if (splice === Splice.NotAnObject) return text
  const comma = splice === Splice.WithMembers ? ',' : ''
  return `${text.slice(0, -1)}${comma}"_caller_worker_id":"${callerWorkerId}"}`
}
