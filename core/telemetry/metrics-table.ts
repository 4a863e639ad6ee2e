// Every figure that the engine keeps of itself: its name, kind, unit and meaning, in one place as the error codes are.
// docs/reference/diagnostics.md shows this table; a test holds the two together.

export type MetricKind = 'counter' | 'gauge' | 'histogram'

export interface MetricAbout {
  readonly kind: MetricKind
  /** As OpenTelemetry writes units: `{…}` counts things. */
  readonly unit: string
  readonly meaning: string
  /** Figures that cost time on each call: kept only while somebody asked for them. */
  readonly observed?: true
}

export const METRICS = {
  'iii.invocations.total': {
    kind: 'counter',
    unit: '{call}',
    meaning: 'calls made: `success`, `error` and `deferred` together',
  },
  'iii.invocations.success': {
    kind: 'counter',
    unit: '{call}',
    meaning: 'calls that ended with a result; a void call does when it is written to its provider',
  },
  'iii.invocations.error': {
    kind: 'counter',
    unit: '{call}',
    meaning: 'calls that ended with an error, and void calls that were dropped',
  },
  'iii.invocations.deferred': {
    kind: 'gauge',
    unit: '{call}',
    meaning: 'calls at a provider or at a gate that somebody waits for',
  },
  'iii.invocation.duration': {
    kind: 'histogram',
    unit: 's',
    meaning: 'from the delivery of a call to its end',
    observed: true,
  },
  'iii.invocations.overloaded': {
    kind: 'counter',
    unit: '{call}',
    meaning: 'calls refused because a limit was reached: code `overloaded`',
  },
  'iii.invocations.void.dropped': {
    kind: 'counter',
    unit: '{call}',
    meaning: 'void calls that reached nobody',
  },
  'iii.invocations.void.open': {
    kind: 'gauge',
    unit: '{call}',
    meaning: 'void calls at a provider that has not answered them',
  },
  'iii.gate.waits': {
    kind: 'counter',
    unit: '{call}',
    meaning: 'calls that waited: for a plugin that is replaced or restarted, or for the return of a worker',
  },
  'iii.gate.held': { kind: 'gauge', unit: '{call}', meaning: 'calls that wait at the gate of a plugin now' },
  'iii.workers.spawns': { kind: 'counter', unit: '{worker}', meaning: 'workers and plugin generations that came' },
  'iii.workers.deaths': { kind: 'counter', unit: '{worker}', meaning: 'workers and plugin generations that went' },
  'iii.workers.active': { kind: 'gauge', unit: '{worker}', meaning: 'workers and plugin generations that are there' },
  'iii.workers.connected': { kind: 'gauge', unit: '{connection}', meaning: 'workers on a socket of a listener' },
  'iii.plugins.lost': {
    kind: 'counter',
    unit: '{generation}',
    meaning: 'plugin generations that ended by themselves, and are started again within the crash budget',
  },
  'iii.functions.active': { kind: 'gauge', unit: '{function}', meaning: 'function ids that have a provider' },
  'iii.registrations.accepted': {
    kind: 'counter',
    unit: '{registration}',
    meaning: 'registrations of functions taken',
  },
  'iii.registrations.refused': {
    kind: 'counter',
    unit: '{registration}',
    meaning:
      'registrations of functions, triggers and trigger types that a policy, a hook, a limit or another owner refused',
  },
  'iii.triggers.bound': { kind: 'gauge', unit: '{trigger}', meaning: 'triggers that their provider has' },
  'iii.triggers.parked': {
    kind: 'gauge',
    unit: '{trigger}',
    meaning: 'triggers that wait for a provider of their type, or that it refused',
  },
  'iii.telemetry.frames.dropped': {
    kind: 'counter',
    unit: '{frame}',
    meaning: 'telemetry frames of workers that nobody took',
  },
  'iii.log.lines.dropped': {
    kind: 'counter',
    unit: '{line}',
    meaning: 'lines of the engine that came faster than they were taken from the log tap',
  },
  'iii.warnings': {
    kind: 'counter',
    unit: '{warning}',
    meaning: 'warnings that a flood could raise, those not written included',
  },
} as const satisfies Readonly<Record<string, MetricAbout>>

export type MetricName = keyof typeof METRICS
export type CounterName = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends 'counter' ? Name : never
}[MetricName]
