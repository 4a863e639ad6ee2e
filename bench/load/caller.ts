// The calling side of the load: keeps calls in flight (closed loop) or starts them at a fixed rate (open loop),
// checks every answer and takes its latency. One connection; slots in typed arrays instead of an object per call.
import { Histogram } from '../measure/histogram.ts'
import { callIdText, MAX_SLOTS, slotOfText } from './call-id.ts'
import { CallTemplate } from './call-template.ts'
import { Connection } from './connection.ts'
import { countWrong, newCounts, type LoadCounts } from './counts.ts'
import { ExpectedFrame } from './expected-frame.ts'
import { nOf } from './payload.ts'
import { checkedPart, isReceipt, isValue, isWrite, STATE_KEYS, type Workload } from './workload.ts'

/** Latencies are kept in units of 100 ns. */
export const LATENCY_UNITS_PER_MS = 10_000
const OPEN_LOOP_TICK_MS = 1
/** How many answers may prove wrong before the run is given up: each is parsed and remembered by its reason. */
const MAX_WRONG = 10_000

export class Caller {
  readonly #workload: Workload
  readonly #template: CallTemplate
  /** Number stored last under each key; 0 = unknown. Shared by all runs against one target. */
  readonly #stored: Uint32Array
  #connection!: Connection
  readonly #busy = new Uint8Array(MAX_SLOTS)
  readonly #sequences = new Uint32Array(MAX_SLOTS)
  readonly #expected = new Uint32Array(MAX_SLOTS)
  readonly #before = new Uint32Array(MAX_SLOTS)
  readonly #since = new Float64Array(MAX_SLOTS)
  #freeSlots: Uint32Array | undefined
  #freeCount = 0
  #sequence: number
  /** Open loop: milliseconds between two calls, and when the next one is due. */
  #interval = 0
  #nextDue = 0
  #left = Number.POSITIVE_INFINITY
  #inFlight = 0
  #running = false
  #timer: NodeJS.Timeout | undefined
  #idle: PromiseWithResolvers<void> | undefined
  #now = 0
  #batchOpen = false
  #form: ExpectedFrame | undefined
  #counts = newCounts()
  #wrongTotal = 0
  readonly latency = new Histogram()
  readonly #onEnd: (reason: Error) => void

  /** `sequence`: number of the first call; runs against one target must not repeat one another's. */
  static async open(
    url: string,
    workload: Workload,
    sequence: number,
    stored: Uint32Array,
    onEnd: (reason: Error) => void,
  ): Promise<Caller> {
    const caller = new Caller(workload, sequence, stored, onEnd)
    caller.#connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => caller.#onFrame(buffer, start, end),
      onBatchEnd: () => caller.#onBatchEnd(),
      onEnd,
    })
    return caller
  }

  private constructor(workload: Workload, sequence: number, stored: Uint32Array, onEnd: (reason: Error) => void) {
    this.#workload = workload
    this.#template = new CallTemplate(workload)
    this.#sequence = sequence
    this.#stored = stored
    this.#onEnd = onEnd
  }

  /** Number of the next call. */
  get sequence(): number {
    return this.#sequence
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** What was counted since the last call of this; latencies start anew as well. */
  takeCounts(): LoadCounts {
    const counts = this.#counts
    this.#counts = newCounts()
    return counts
  }

  /** Closed loop: `inFlight` calls at any time, until `stop` or until `calls` have been sent. */
  startClosed(inFlight: number, calls: number = Number.POSITIVE_INFINITY): void {
    this.#running = true
    this.#left = calls
    this.#now = performance.now()
    for (let slot = 0; slot < inFlight; slot++) this.#send(slot, this.#now)
    this.#connection.flush()
  }

  /**
   * Open loop: `perSecond` calls, whatever the target does. Latency counts from when a call was due, not from when it
   * could be sent, so a stalled target does not hide the calls that it kept waiting (coordinated omission).
   */
  startOpen(perSecond: number): void {
    this.#running = true
    this.#freeSlots = Uint32Array.from({ length: MAX_SLOTS }, (_, index) => MAX_SLOTS - 1 - index)
    this.#freeCount = MAX_SLOTS
    this.#interval = 1000 / perSecond
    this.#nextDue = performance.now()
    // The timer is up to two milliseconds late, which counts as latency; answers that arrive earlier start calls as well.
    this.#timer = setInterval(() => {
      this.#sendDue()
      this.#connection.flush()
    }, OPEN_LOOP_TICK_MS)
  }

  /** Starts no more calls; resolves when all are answered. */
  async stop(): Promise<void> {
    this.#running = false
    clearInterval(this.#timer)
    await this.idle()
  }

  /** Resolves when no call is in flight. */
  async idle(): Promise<void> {
    if (this.#inFlight === 0) return
    this.#idle ??= Promise.withResolvers<void>()
    await this.#idle.promise
  }

  close(): void {
    clearInterval(this.#timer)
    this.#connection.close()
  }

  #sendDue(): void {
    const now = performance.now()
    while (this.#nextDue <= now && this.#freeCount > 0) {
      this.#send(this.#freeSlots![--this.#freeCount]!, this.#nextDue)
      this.#nextDue += this.#interval
    }
  }

  #send(slot: number, since: number): void {
    if (this.#left <= 0) return
    this.#left--
    const sequence = this.#sequence++
    const key = sequence % STATE_KEYS
    const n = nOf(sequence)
    this.#busy[slot] = 1
    this.#sequences[slot] = sequence
    this.#since[slot] = since
    this.#before[slot] = 0
    this.#expected[slot] = n
    const { kind } = this.#workload
    if (isWrite(kind)) {
      // Calls of one connection arrive in order, so the value that this one replaces is the one sent before it.
      this.#before[slot] = this.#stored[key]!
      this.#stored[key] = n
    } else if (kind === 'state-get') {
      this.#expected[slot] = this.#stored[key]!
    }
    this.#inFlight++
    this.#template.append(this.#connection, sequence, slot, n, key)
  }

  #onFrame(buffer: Buffer, start: number, end: number): void {
    if (!this.#batchOpen) {
      this.#batchOpen = true
      this.#now = performance.now()
    }
    const form = this.#form
    if (form !== undefined) {
      const slot = form.slotOf(buffer, start, end)
      if (
        slot !== -1 &&
        this.#busy[slot] === 1 &&
        form.equals(buffer, start, end, this.#sequences[slot]!, slot, this.#expected[slot]!, this.#before[slot]!)
      ) {
        return this.#onVerified(slot)
      }
    }
    this.#onUnknownForm(buffer, start, end)
  }

  #onBatchEnd(): void {
    this.#batchOpen = false
    if (this.#running && this.#freeSlots !== undefined) this.#sendDue()
  }

  #onVerified(slot: number): void {
    this.#counts.verified++
    this.latency.record((this.#now - this.#since[slot]!) * LATENCY_UNITS_PER_MS)
    this.#release(slot)
  }

  #release(slot: number): void {
    this.#busy[slot] = 0
    this.#inFlight--
    if (this.#freeSlots !== undefined) this.#freeSlots[this.#freeCount++] = slot
    else if (this.#running) this.#send(slot, this.#now)
    if (this.#inFlight === 0) this.#idle?.resolve()
  }

  /** The slow path decides by parsing; what it accepts becomes the form of the answers to come. */
  #onUnknownForm(buffer: Buffer, start: number, end: number): void {
    const payload = buffer.subarray(start, end)
    const answer = JSON.parse(payload.utf8Slice()) as Record<string, unknown>
    const id = answer['invocation_id']
    if (typeof id !== 'string') return
    const slot = slotOfText(id)
    if (slot === -1 || this.#busy[slot] !== 1 || id !== callIdText(this.#sequences[slot]!, slot)) {
      return this.#onWrong('unexpected_answer')
    }
    // Receipts differ: each is parsed.
    if (this.#workload.kind === 'enqueue' && isReceipt(answer)) {
      this.#counts.parsed++
      return this.#onVerified(slot)
    }
    const n = this.#expected[slot]!
    const part = checkedPart(this.#workload.kind, answer)
    if (answer['error'] === undefined && isValue(part, this.#workload.value, n)) {
      this.#counts.parsed++
      this.#form = ExpectedFrame.learn(payload, id, n, this.#before[slot]!)
      return this.#onVerified(slot)
    }
    this.#onWrong(errorCode(answer['error']) ?? 'wrong_value')
    this.#release(slot)
  }

  #onWrong(reason: string): void {
    countWrong(this.#counts, reason)
    this.#wrongTotal++
    if (this.#wrongTotal < MAX_WRONG) return
    this.close()
    const reasons = [...this.#counts.wrong.keys()].join(', ')
    this.#onEnd(new Error(`${this.#workload.functionId} gives wrong answers, ${MAX_WRONG} so far: ${reasons}.`))
  }
}

function errorCode(error: unknown): string | undefined {
  if (error === undefined) return undefined
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'error'
}
