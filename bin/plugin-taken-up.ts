// After a change of the configuration file: waits until a running engine has taken a plugin up, and says how that went.
import { setTimeout as delay } from 'node:timers/promises'
import { invokeOnce, RemoteError, UnreachableError, type EngineAddress } from './engine-client.ts'
import { CommandFailure } from './exit-codes.ts'

/** The engine looks at its file again within a second; compiling a first time takes longer than that. */
const WAIT_MS = 5_000
const ASK_EVERY_MS = 50

/** One sentence. Throws CommandFailure with the plugin's error when it could not be started. */
export async function takenUp(name: string, at: EngineAddress, waitMs = WAIT_MS): Promise<string> {
  const deadline = performance.now() + waitMs
  while (performance.now() < deadline) {
    const row = await rowOf(name, at)
    if (row === 'no engine') return 'It runs when the engine is started.'
    if (row?.['state'] === 'running') return 'It runs.'
    if (row?.['state'] === 'failed') throw new CommandFailure(`Error: ${name} failed to start: ${errorIn(row)}`)
    await delay(ASK_EVERY_MS)
  }
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

/** The newest entry of its history that has an error. */
function errorIn(row: Row): string {
  const history = Array.isArray(row['history']) ? (row['history'] as Row[]) : []
  const { error } = history.findLast((entry) => entry['error'] !== undefined) ?? {}
  if (typeof error === 'string') return error
  return error === undefined ? "see the engine's log" : JSON.stringify(error)
}
