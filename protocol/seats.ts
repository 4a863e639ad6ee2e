// Seats: what the core asks of a plugin, as named roles with a small interface of ordinary calls (design, "The one idea").
// A plugin claims a seat in its definition and registers the seat's function; the core calls that function by its id.

/** Roles that the core leaves to a plugin; one holder each. */
export const SEATS = {
  /** Asked once per connection to a listener with `rbac`. While empty such a listener refuses to start. */
  'session-policy': 'engine::seat::session-policy',
  /** Asked for `registerfunction` with `invocation` and for calls to it. While empty the registration is refused and logged. */
  'http-invoker': 'engine::seat::http-invoker',
  /** Gets telemetry frames, engine spans and logs. While empty they are dropped and counted. */
  telemetry: 'engine::seat::telemetry',
  /** Asked for a plugin's effective settings before it starts. While empty the configuration file alone counts. */
  settings: 'engine::seat::settings',
} as const

export type SeatName = keyof typeof SEATS

export function isSeatName(name: string): name is SeatName {
  return Object.hasOwn(SEATS, name)
}
