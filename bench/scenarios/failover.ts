// `failover`: one of two replicas is killed under load; how long until a call made after that is answered.
import { CallClient, CallFailure } from '../load/call-client.ts'
import { nOf, payloadJson } from '../load/payload.ts'
import { describeMeasure, measuredCase } from '../measures.ts'
import type { BenchSession } from '../session.ts'
import { TargetProcess } from '../targets/target-process.ts'
import { WORKER_FUNCTION, type Scenario } from './scenario.ts'

const PAYLOAD_BYTES = 150
const IN_FLIGHT = 32
/** Answers before the death, so that both replicas are known to be at work, and after it. */
const ANSWERS_BEFORE = 2_000
const ANSWERS_AFTER = 2_000
const ROUND_MS = 20_000

interface Death {
  /** From the death to the first answer to a call made after it. */
  readonly firstAnswerMs: number
  /** The longest that a call made after the death took. */
  readonly slowestMs: number
  /** From the death to the last of the calls that failed with it; 0 = none did. */
  readonly lastStoppedMs: number
  readonly stopped: number
  /** Failures with another code than `invocation_stopped`, or of calls made after the death was known. */
  readonly otherFailures: readonly string[]
}

const failover: Scenario = {
  title: 'kill -9 of one of two replicas under load',
  async run(session) {
    const { rounds, progress } = session.options
    const { url } = await session.target('subject')
    const deaths: Death[] = []
    for (let round = 0; round <= rounds; round++) {
      progress(round === 0 ? 'failover: warming up' : `failover: round ${round} of ${rounds}`)
      const death = await killOne(session, url)
      if (round > 0) deaths.push(death)
    }
    const failures = deaths.flatMap((death) => death.otherFailures)
    return [
      measuredCase(
        'failover',
        [
          describeMeasure(
            'first-answer',
            'ms',
            deaths.map((death) => death.firstAnswerMs),
          ),
          describeMeasure(
            'slowest-after',
            'ms',
            deaths.map((death) => death.slowestMs),
          ),
          describeMeasure(
            'last-stopped',
            'ms',
            deaths.map((death) => death.lastStoppedMs),
          ),
          describeMeasure(
            'stopped-calls',
            '',
            deaths.map((death) => death.stopped),
          ),
        ],
        failures.length === 0
          ? []
          : [`${failures.length} calls failed otherwise: ${[...new Set(failures)].join(', ')}`],
      ),
    ]
  },
}

export default failover

async function killOne(session: BenchSession, url: string): Promise<Death> {
  const command = {
    file: 'echo-worker',
    args: [url, WORKER_FUNCTION, String(PAYLOAD_BYTES)],
    cpus: session.pinning?.generator,
  }
  const replicas = await Promise.all([TargetProcess.start(command), TargetProcess.start(command)])
  const client = await CallClient.open(url)
  try {
    const watch = new DeathWatch(client, () => replicas[0].kill())
    return await watch.run()
  } finally {
    client.close()
    await Promise.all(replicas.map((replica) => replica.stop()))
  }
}

/** Keeps calls in flight over the death of a replica and looks at each of them. */
class DeathWatch {
  readonly #client: CallClient
  readonly #kill: () => void
  readonly #value = JSON.parse(payloadJson(PAYLOAD_BYTES)) as Record<string, unknown>
  #sequence = 0
  #answersBefore = 0
  #diedAt = Number.POSITIVE_INFINITY
  readonly #after: { readonly answeredMs: number; readonly tookMs: number }[] = []
  #stopped = 0
  #lastStoppedMs = 0
  readonly #otherFailures: string[] = []

  constructor(client: CallClient, kill: () => void) {
    this.#client = client
    this.#kill = kill
  }

  async run(): Promise<Death> {
    const deadline = performance.now() + ROUND_MS
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#callOn(deadline)))
    if (this.#after.length < ANSWERS_AFTER)
      throw new Error(`Only ${this.#after.length} calls were answered after the death.`)
    return {
      firstAnswerMs: Math.min(...this.#after.map(({ answeredMs }) => answeredMs)),
      slowestMs: Math.max(...this.#after.map(({ tookMs }) => tookMs)),
      lastStoppedMs: this.#lastStoppedMs,
      stopped: this.#stopped,
      otherFailures: this.#otherFailures,
    }
  }

  async #callOn(deadline: number): Promise<void> {
    while (this.#after.length < ANSWERS_AFTER && performance.now() < deadline) {
      const n = nOf(this.#sequence++)
      const sentAt = performance.now()
      try {
        const answer = (await this.#client.call(WORKER_FUNCTION, { ...this.#value, n })) as { n?: unknown } | undefined
        if (answer?.n === n) this.#onAnswer(sentAt)
        else this.#otherFailures.push('wrong_value')
      } catch (error) {
        this.#onFailure(error)
      }
    }
  }

  #onAnswer(sentAt: number): void {
    const now = performance.now()
    if (sentAt > this.#diedAt) this.#after.push({ answeredMs: now - this.#diedAt, tookMs: now - sentAt })
    if (++this.#answersBefore !== ANSWERS_BEFORE) return
    this.#diedAt = now
    this.#kill()
  }

  #onFailure(error: unknown): void {
    if (!(error instanceof CallFailure)) throw error
    if (error.code !== 'invocation_stopped') return void this.#otherFailures.push(error.code)
    this.#stopped++
    this.#lastStoppedMs = performance.now() - this.#diedAt
  }
}
