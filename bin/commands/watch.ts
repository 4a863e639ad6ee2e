// `iii watch`: what happens in a running engine, live: workers, functions, failed calls, plugins.
import { defineCommand } from 'citty'
import { oneLine } from '../../base/values/one-line.ts'
import type { EventName } from '../../core/telemetry/engine-events.ts'
import { CONNECTION_ARGS, connectionFrom } from '../connection-options.ts'
import { EXIT } from '../exit-codes.ts'
import { printTail } from '../tail-reader.ts'
import { terminalOf, type Paint } from '../terminal.ts'

export const watch = defineCommand({
  meta: {
    name: 'watch',
    description: 'Show live which workers and functions come and go, which calls fail, and what becomes of plugins',
  },
  args: {
    json: { type: 'boolean', default: false, description: 'Print each event as one JSON object' },
    ...CONNECTION_ARGS,
  },
  async run({ args }) {
    const { paint, isTTY } = terminalOf(process.stdout)
    await printTail({
      ...connectionFrom(args),
      functionId: 'engine::events::tail',
      entries: 'events',
      filter: {},
      newest: 0,
      isFollowing: true,
      onConnected: () => {
        if (isTTY) console.error('Watching; Ctrl-C ends it.')
      },
      line: (event) => (args.json ? JSON.stringify(event) : eventLine(event as EngineEvent, paint)),
    })
    return EXIT.ok
  },
})

export interface EngineEvent {
  readonly event?: unknown
  readonly time?: unknown
  readonly [member: string]: unknown
}

/** The word for it, and what it is about. One that a newer engine tells is shown as it is. */
const WORDS: { readonly [Name in EventName]: readonly [word: string, about: (event: EngineEvent) => string] } = {
  worker_connected: [
    'connected',
    ({ worker, runtime, ip }) => list(worker, runtime && `(${text(runtime)})`, ip && `from ${text(ip)}`),
  ],
  worker_left: ['left', ({ worker, seconds }) => list(worker, `after ${text(seconds)} s`)],
  worker_lost: ['lost', ({ worker, seconds }) => list(worker, `after ${text(seconds)} s`)],
  worker_refused: ['refused', ({ worker, ip, reason }) => list(worker, ip && `from ${text(ip)}:`, reason)],
  functions_registered: ['registered', functionsText],
  invocation_failed: [
    'failed',
    ({ function_id: id, code, message, caller, worker }) =>
      list(`${text(id)}:`, code, message, `(${text(caller)} → ${worker === null ? 'nobody' : text(worker)})`),
  ],
  invocations_failed: ['failed', ({ count }) => `${text(count)} more calls`],
  plugin_started: ['plugin', pluginText('started')],
  plugin_reloaded: ['plugin', pluginText('reloaded')],
  plugin_stopped: ['plugin', pluginText('stopped')],
  plugin_failed: ['plugin', pluginText('failed')],
  plugin_stale: ['plugin', pluginText('stale')],
}

const BAD: ReadonlySet<unknown> = new Set([
  'worker_lost',
  'worker_refused',
  'invocation_failed',
  'invocations_failed',
  'plugin_failed',
  'plugin_stale',
] satisfies EventName[])

/** `12:34:56.789 connected   images (node 0.22.1) from 127.0.0.1`; the time is UTC, as in the log. */
export function eventLine(event: EngineEvent, paint: Paint): string {
  const name = String(event.event)
  const { event: _event, time, ...members } = event
  const [word, about] = Object.hasOwn(WORDS, name) ? WORDS[name as EventName] : [name, () => JSON.stringify(members)]
  const shown = oneLine(word).padEnd(10)
  const clock = typeof time === 'string' ? oneLine(time.slice(11, 23)) : ''
  return `${paint.dim(clock)} ${BAD.has(name) ? paint.red(shown) : paint.green(shown)} ${oneLine(about(event))}`
}

function functionsText({ worker, functions, ids }: EngineEvent): string {
  const named = Array.isArray(ids) ? ids : []
  const more = Number(functions) - named.length
  return list(`${text(worker)}:`, named.map(text).join(', '), more > 0 && `and ${more} more`)
}

function pluginText(what: string): (event: EngineEvent) => string {
  return ({ plugin, generation, error }) => {
    const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown }
    const why = error === undefined || error === null ? '' : list(code, message ?? text(error))
    return list(plugin, `${what}${why === '' ? '' : ':'}`, why, `(generation ${text(generation)})`)
  }
}

function list(...parts: readonly unknown[]): string {
  return parts
    .flatMap((part) => (part === undefined || part === null || part === false || part === '' ? [] : text(part)))
    .join(' ')
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
