// Brings parts of the engine into force at its start. What keeps one from it is for the user to mend.
import { bringIntoForce, ChangeError, type ChangeParticipant } from './config/change.ts'
import type { EngineConfig } from './config/types.ts'
import type { Listeners } from './gateway/listeners.ts'
import type { HealthPort } from './health/health-port.ts'
import type { RoutingCore } from './routing-core.ts'
import { StartError } from './start-error.ts'

/** @throws StartError with what is in the way. */
export async function openInOrder(parts: readonly ChangeParticipant[], config: EngineConfig): Promise<void> {
  for (const part of parts) {
    await bringIntoForce(part, config).catch((error: unknown) => {
      throw asStartError(error)
    })
  }
}

/** What `openAddresses` has opened. Exactly one of `letIn` and `close` is called. */
export interface OpenAddresses {
  /**
   * @param begins called before anybody is let in, when nothing is waited for any more.
   * @throws StartError where nobody enforces the `rbac` of a listener; everything is closed again then.
   */
  letIn(core: RoutingCore, begins: () => void): Promise<void>
  close(): Promise<void>
}

/**
 * Opens the addresses of the engine before its plugins start. Who connects to a listener is accepted and waits: nothing of what it says
 * is read before it is let in. The health port tells that the engine is starting.
 * @throws StartError with what is in the way.
 */
export async function openAddresses(
  { listeners, health }: { readonly listeners: Listeners; readonly health: HealthPort },
  config: EngineConfig,
): Promise<OpenAddresses> {
  const change = await listeners.prepare(config)
  try {
    if (change.problems.length > 0) throw new ChangeError(change.problems)
    await bringIntoForce(health, config)
  } catch (error) {
    await change.discard()
    throw asStartError(error)
  }
  change.acceptEarly()
  return {
    async letIn(core, begins) {
      // Calls of functions that external workers provided in the last run wait for these from before the first call can come.
      await core.awaitWorkers()
      begins()
      await change.commit().catch((error: unknown) => {
        throw asStartError(error)
      })
      core.remembered?.begin()
    },
    close: () => change.discard(),
  }
}

function asStartError(error: unknown): unknown {
  return error instanceof ChangeError ? new StartError(messagesOf(error), undefined, { cause: error }) : error
}

/** The addresses name themselves; one per line. */
function messagesOf({ problems }: ChangeError): string {
  return problems.map(({ message }) => message).join('\n')
}
