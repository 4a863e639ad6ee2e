// One large transfer over HTTP: through the channel of the request to the worker, or from the worker through that of the answer.
import { once } from 'node:events'
import { request as ask, type ClientRequest, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as elapse } from 'node:timers/promises'
import { Histogram } from '../measure/histogram.ts'
import { readTreeUsage } from '../measure/process-tree.ts'
import { BulkCheck, pieceAt } from './bulk-bytes.ts'
import { BulkWorker } from './bulk-worker.ts'
import type { BulkJob, LoadResult } from './load-job.ts'
import { MeasuredWindow } from './window.ts'

/** How often the memory of the target is looked at. */
const SAMPLE_MS = 20
/** How long the route may take to be served. */
const ROUTE_MS = 10_000
const ROUTE_POLL_MS = 20

type Received = Pick<BulkCheck, 'bytes' | 'wrong'>

export async function runBulk(job: BulkJob): Promise<LoadResult> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const worker = await BulkWorker.start(job, failed.reject)
  const peak = new PeakMemory(job.targetPid)
  try {
    await Promise.race([served(job), failed.promise])
    const window = new MeasuredWindow(job.targetPid)
    const received = await Promise.race([job.way === 'upload' ? upload(job) : download(job), failed.promise])
    const figures = window.end(new Histogram())
    const missing = job.bytes - received.bytes
    return {
      ...figures,
      targetRssBytes: peak.bytes,
      verified: received.bytes,
      wrong: {
        ...(received.wrong > 0 && { wrong_piece: received.wrong }),
        ...(missing !== 0 && { missing_bytes: missing }),
      },
      unanswered: 0,
      parsedShare: 0,
    }
  } finally {
    peak.stop()
    worker.close()
  }
}

/** The worker counts what it gets, and answers with that. */
async function upload(job: BulkJob): Promise<Received> {
  const headers = { 'content-type': 'application/octet-stream', 'content-length': job.bytes }
  const request = open(job, 'POST', headers)
  const answered = answerTo(request)
  for (let sent = 0; sent < job.bytes;) {
    const piece = pieceAt(sent, job.bytes)
    sent += piece.length
    if (!request.write(piece)) await Promise.race([once(request, 'drain'), answered])
  }
  request.end()
  const body = await buffer(await answered)
  return JSON.parse(body.utf8Slice()) as Received
}

async function download(job: BulkJob): Promise<Received> {
  const request = open(job, 'GET', {})
  request.end()
  const check = new BulkCheck()
  for await (const chunk of await answerTo(request)) check.take(chunk as Buffer)
  return check
}

function open({ httpUrl, path }: BulkJob, method: string, headers: Record<string, string | number>): ClientRequest {
  return ask(`${httpUrl}${path}`, { method, headers, agent: false })
}

async function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode === 200) return response
  const body = await buffer(response)
  throw new Error(`${request.method} ${request.path} was answered with ${response.statusCode}: ${body.utf8Slice()}`)
}

/** Resolves when the route is there: it is asked for by a method that it has not. */
async function served({ httpUrl, path }: BulkJob): Promise<void> {
  const deadline = performance.now() + ROUTE_MS
  for (;;) {
    const { status } = await fetch(`${httpUrl}${path}`, { method: 'DELETE' })
    if (status === 405) return
    if (performance.now() > deadline) throw new Error(`DELETE ${path} was answered with ${status}, not with 405.`)
    await elapse(ROUTE_POLL_MS)
  }
}

/** The most memory that the target's process tree has had since this was made. */
class PeakMemory {
  readonly #pid: number | undefined
  readonly #timer: NodeJS.Timeout
  #bytes: number | undefined

  constructor(pid: number | undefined) {
    this.#pid = pid
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS)
  }

  get bytes(): number | undefined {
    this.#look()
    return this.#bytes
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const found = this.#pid === undefined ? undefined : readTreeUsage(this.#pid)?.rssBytes
    if (found !== undefined) this.#bytes = Math.max(found, this.#bytes ?? 0)
  }
}
