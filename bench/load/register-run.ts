// One run of workers that come all at once, as a fleet does when its engine is back: each connects, registers its functions and says who
// it is. Measured from the first connect until the last registration is in force.
import { Histogram } from '../measure/histogram.ts'
import { appendAnnouncement, isAnnounceAnswer } from './announcement.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import { Connection } from './connection.ts'
import { withinDeadline } from './deadline.ts'
import type { LoadResult, RegisterJob } from './load-job.ts'
import { MeasuredWindow } from './window.ts'

const REGISTER_MS = 30_000
const GOODBYE_MS = 5_000

export async function runRegistrations(job: RegisterJob): Promise<LoadResult> {
  const latency = new Histogram()
  const workers: RegisteringWorker[] = []
  const window = new MeasuredWindow(job.targetPid)
  try {
    for (let number = 0; number < job.inFlight; number++) workers.push(new RegisteringWorker(job, number, latency))
    const registered = Promise.all(workers.map((worker) => worker.registered))
    if (!(await withinDeadline(registered, REGISTER_MS))) {
      throw new Error(`Not all registrations were in force within ${REGISTER_MS / 1000} s.`)
    }
    const figures = window.end(latency)
    const verified = job.inFlight * job.functions
    return { ...figures, verified, wrong: {}, unanswered: 0, parsedShare: 1 }
  } finally {
    for (const worker of workers) worker.close()
    // The next run registers the same ids, in the same target or after it had its time.
    await withinDeadline(Promise.all(workers.map((worker) => worker.gone)), GOODBYE_MS)
  }
}

class RegisteringWorker {
  readonly #registered = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  readonly #opening: Promise<Connection>

  constructor(job: RegisterJob, number: number, latency: Histogram) {
    const startedAt = performance.now()
    this.#registered.promise.catch(() => {})
    this.#opening = Connection.open(job.url, {
      onFrame: (buffer, start, end) => {
        const message = JSON.parse(buffer.utf8Slice(start, end)) as Record<string, unknown>
        if (message['type'] === 'registrationrejected') {
          this.#registered.reject(new Error(`The target refused: ${JSON.stringify(message)}`))
        }
        if (!isAnnounceAnswer(message)) return
        latency.record((performance.now() - startedAt) * LATENCY_UNITS_PER_MS)
        this.#registered.resolve()
      },
      onEnd: this.#registered.reject,
      onClosed: this.#gone.resolve,
    })
    this.#opening.then((connection) => register(connection, job.functions, number), this.#registered.reject)
  }

  /** Its functions are in force. */
  get registered(): Promise<void> {
    return this.#registered.promise
  }

  /** The target has closed its side as well. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  close(): void {
    this.#opening.then(
      (connection) => connection.close(),
      () => this.#gone.resolve(),
    )
  }
}

/** As the SDK does: first what it registers, then who it is. */
function register(connection: Connection, functions: number, number: number): void {
  for (let index = 0; index < functions; index++) {
    const id = `bench::worker-${number}::function-${index}`
    connection.appendMessage({ type: 'registerfunction', description: `Function ${index} of worker ${number}`, id })
  }
  appendAnnouncement(connection, `bench-worker-${number}`)
  connection.flush()
}
