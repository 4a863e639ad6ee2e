// After a change of the configuration file: waits until a running engine has taken a plugin up, and says how that went.
import { setTimeout as delay } from 'node:timers/promises'
import { invokeOnce, RemoteError, UnreachableError, type EngineAddress } from './engine-client.ts'
import { CommandFailure } from './exit-codes.ts'

/** The engine looks at its file again within a second; compiling a first time takes longer than that. */
const WAIT_MS = 5_000
const ASK_EVERY_MS = 50
/** What is said of the configuration before may be about the file as it was. */
const REREAD_MS = 1_000

/** One sentence. Throws CommandFailure when the plugin could not be started, or the engine refused the whole file. */
export async function takenUp(name: string, at: EngineAddress, waitMs = WAIT_MS): Promise<string> {
  const began = performance.now()
  const deadline = began + waitMs
  let refused: string | undefined
  while (performance.now() < deadline) {
    const row = await rowOf(name, at)
    if (row === 'no engine') return 'It runs when the engine is started.'
    if (row?.['state'] === 'running') return 'It runs.'
    if (row?.['state'] === 'failed') throw new CommandFailure(`Error: ${name} failed to start: ${errorIn(row)}`)
    refused = await configProblem(at)
    if (refused?.includes(`'${name}'`) && performance.now() - began >= REREAD_MS) break
    await delay(ASK_EVERY_MS)
  }
  if (refused !== undefined)
    throw new CommandFailure(`Error: the engine that runs has refused the configuration: ${refused}`)
  return `The engine that runs has not taken it up within ${waitMs / 1000} s: it may serve another project, or run with --no-watch.`
}

type Row = Readonly<Record<string, unknown>>

async function rowOf(name: string, at: EngineAddress): Promise<Row | 'no engine' | undefined> {
  try {
    return (await invokeOnce(at, { functionId: 'engine::plugins::info', data: { name }, timeoutMs: WAIT_MS })) as Row
  } catch (error) {
    if (error instanceof UnreachableError) return 'no engine'
    // Not known yet: the engine has not looked at its folder again.
    if (error instanceof RemoteError) return undefined
    throw error
  }
}

/** Why the configuration file is not in force, if it is not. */
async function configProblem(at: EngineAddress): Promise<string | undefined> {
  try {
    const health = await invokeOnce(at, { functionId: 'engine::health::check', data: {}, timeoutMs: WAIT_MS })
    const { components } = health as { components?: { config?: { details?: { error?: unknown } | null } } }
    const problem = components?.config?.details?.error
    return typeof problem === 'string' ? problem : undefined
  } catch {
    // An older engine, or one that is just ending: the plugin's row tells.
    return undefined
  }
}

/** The newest entry of its history that has an error. */
function errorIn(row: Row): string {
  const history = Array.isArray(row['history']) ? (row['history'] as Row[]) : []
  const { error } = history.findLast((entry) => entry['error'] !== undefined) ?? {}
  if (typeof error === 'string') return error
  return error === undefined ? "see the engine's log" : JSON.stringify(error)
}
