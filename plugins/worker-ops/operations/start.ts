// `worker::start` (spec 05 B.2): a worker of the configuration that does not run.
import { builtInWorker } from '../built-in-workers.ts'
import { WorkerOpError } from '../errors.ts'
import { checkName } from '../worker-name.ts'
import type { EngineSide, OperationDeps } from './deps.ts'
import { OperationInput } from './input.ts'
import { told } from './told.ts'

export interface StartOutcome {
  readonly name: string
  readonly pid: number | null
  readonly port: number | null
}

export async function start(data: unknown, deps: OperationDeps): Promise<StartOutcome> {
  const input = new OperationInput('worker::start', data)
  const name = checkName(input.text('name'))
  const port = input.count('port', undefined, 1, 65_535)
  const config = input.optionalText('config')
  const wait = input.flag('wait', true)
  const engine = runningEngine(deps, 'started')
  return told(deps.events, 'start', name, 'starting', async () => {
    const { workers } = engine
    const since = Date.now()
    await deps.lock.hold(async () => {
      const worker = workers.get(name)
      if (worker === undefined) throw notThere(name)
      if (worker.pid !== undefined || worker.state === 'installing')
        throw new WorkerOpError(
          'W114',
          `Worker '${name}' runs already${worker.pid === undefined ? '' : `, as process ${worker.pid}`}.`,
          { name, pid: worker.pid ?? null },
        )
      workers.start(name, { ...(port !== undefined && { port }), ...(config !== undefined && { config }) })
    })
    if (wait && (await workers.ready(name, engine.readyMs)) === 'ended') {
      const { problem = 'was stopped', tail } = workers.get(name) ?? {}
      const waited = Math.round((Date.now() - since) / 1000)
      throw new WorkerOpError('W161', `Worker '${name}' ${problem}. worker::logs shows what it wrote.`, {
        worker: name,
        waited_secs: waited,
        stderr_tail: tail?.stderr ?? [],
      })
    }
    return { name, pid: workers.get(name)?.pid ?? null, port: port ?? engine.port ?? null }
  })
}

/** @throws W113 where no engine runs */
export function runningEngine({ engine }: OperationDeps, what: string): EngineSide {
  if (engine !== undefined) return engine
  throw new WorkerOpError('W113', `engine is not running: no worker can be ${what}. Start it with \`iii\`.`, {})
}

function notThere(name: string): WorkerOpError {
  if (builtInWorker(name) !== undefined)
    return new WorkerOpError('W113', `'${name}' is a worker of the engine itself: it runs with it.`, { name })
  return new WorkerOpError('W112', `Worker '${name}' is not installed. Add it first: worker::add.`, { name })
}
