// All seats of one engine.
import {
  SEAT_PREFIX,
  type EntriesAnswer,
  type EntriesQuestion,
  type SessionAnswer,
  type SessionQuestion,
  type SettingsAnswer,
  type SettingsQuestion,
} from '../../protocol/seats.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import { Seat, type SeatRouter } from './seat.ts'

export class Seats {
  readonly sessionPolicy: Seat<SessionQuestion, SessionAnswer>
  /** Asked by metadata alone. */
  readonly httpInvoker: Seat<null, unknown>
  /** Told bytes alone. */
  readonly telemetry: Seat<never, unknown>
  readonly settings: Seat<SettingsQuestion, SettingsAnswer>
  readonly entries: Seat<EntriesQuestion, EntriesAnswer>
  readonly #all: readonly Pick<Seat<never, unknown>, 'providersChanged'>[]

  constructor(router: SeatRouter) {
    this.sessionPolicy = new Seat('session-policy', router)
    this.httpInvoker = new Seat('http-invoker', router)
    this.telemetry = new Seat('telemetry', router)
    this.settings = new Seat('settings', router)
    this.entries = new Seat('entries', router)
    this.#all = [this.sessionPolicy, this.httpInvoker, this.telemetry, this.settings, this.entries]
  }

  /** From the registry: a provider of a function came or went. */
  providersChanged(entry: FunctionEntry): void {
    if (!entry.id.startsWith(SEAT_PREFIX)) return
    for (const seat of this.#all) seat.providersChanged(entry)
  }
}
