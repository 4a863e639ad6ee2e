// `iii health`: asks a running engine how it is, and says so by its exit code, for health checks of containers and supervisors.
import { defineCommand } from 'citty'
import { CONNECTION_ARGS, connectionFrom } from '../connection-options.ts'
import { invokeOnce, UnreachableError } from '../engine-client.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { tableLines } from '../table.ts'
import { terminalOf } from '../terminal.ts'
import { JSON_ARG } from './listings.ts'

/** A check that waits longer is one that its caller has given up. */
const DEFAULT_TIMEOUT_MS = 5_000

interface Health {
  readonly status: string
  readonly version: string
  readonly components: Readonly<Record<string, Component>>
}

interface Component {
  readonly status: string
  readonly details?: Readonly<Record<string, unknown>> | null
}

export const health = defineCommand({
  meta: {
    name: 'health',
    description: 'Say whether an engine is healthy; exit code 0 healthy, 1 degraded, 3 no engine answers',
  },
  args: {
    'allow-degraded': {
      type: 'boolean',
      default: false,
      description: 'Exit code 0 for a degraded engine too: it serves, but a part of it is not well',
    },
    ...JSON_ARG,
    ...CONNECTION_ARGS,
    'timeout-ms': { ...CONNECTION_ARGS['timeout-ms'], default: String(DEFAULT_TIMEOUT_MS) },
  },
  async run({ args }) {
    const { at, timeoutMs } = connectionFrom(args)
    const call = { functionId: 'engine::health::check', data: {}, timeoutMs }
    const answer = await invokeOnce(at, call).catch((error: unknown) => {
      if (!(error instanceof UnreachableError)) throw error
      throw new CommandFailure(error.message, { exitCode: EXIT.unreachable, cause: error })
    })
    if (!isHealth(answer)) {
      throw new CommandFailure(
        'Error: engine::health::check answered without status and components; is this an iii engine?',
      )
    }
    console.log(args.json ? JSON.stringify(answer, null, 2) : shown(answer))
    return answer.status === 'healthy' || args['allow-degraded'] ? EXIT.ok : EXIT.failure
  },
})

function isHealth(answer: unknown): answer is Health {
  if (typeof answer !== 'object' || answer === null) return false
  const { status, components } = answer as Partial<Health>
  return typeof status === 'string' && typeof components === 'object' && components !== null
}

/** One line, and one for each part that is not well. */
function shown({ status, version, components }: Health): string {
  const unwell = Object.entries(components).filter(([, component]) => component.status !== 'healthy')
  const columns = [
    { title: '', value: ([name]: (typeof unwell)[number]) => name },
    { title: '', value: ([, component]: (typeof unwell)[number]) => component.status },
    { title: '', value: ([, { details }]: (typeof unwell)[number]) => reasonOf(details) },
  ]
  const lines = tableLines(unwell, columns, terminalOf(process.stdout).columns).slice(1)
  return [`${status}  iii-host ${version}`, ...lines.map((line) => `  ${line}`)].join('\n')
}

/** The text that is the reason where there is one, else all that is known. */
function reasonOf(details: Component['details']): string {
  if (details === null || details === undefined) return ''
  const reason = details['error'] ?? details['problem']
  return typeof reason === 'string' ? reason : JSON.stringify(details)
}
