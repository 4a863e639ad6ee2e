// Brings parts of the engine into force at its start, one after the other. What keeps one from it is for the user to mend.
import { bringIntoForce, ChangeError, type ChangeParticipant } from './config/change.ts'
import type { EngineConfig } from './config/types.ts'
import type { RoutingCore } from './routing-core.ts'
import { StartError } from './start-error.ts'

/** @throws StartError with what is in the way. */
export async function openInOrder(parts: readonly ChangeParticipant[], config: EngineConfig): Promise<void> {
  for (const part of parts) {
    await bringIntoForce(part, config).catch((error: unknown) => {
      throw error instanceof ChangeError ? new StartError(messagesOf(error), undefined, { cause: error }) : error
    })
  }
}

/**
 * Opens the parts by which workers connect. Calls of functions that external workers provided in the last run wait for these from before
 * the first call can come, and anew from then on: opening an address may take a while.
 * @throws as `openInOrder`
 */
export async function openToWorkers(
  core: RoutingCore,
  parts: readonly ChangeParticipant[],
  config: EngineConfig,
): Promise<void> {
  await core.awaitWorkers()
  await openInOrder(parts, config)
  await core.awaitWorkers()
  core.remembered?.begin()
}

/** The addresses name themselves; one per line. */
function messagesOf({ problems }: ChangeError): string {
  return problems.map(({ message }) => message).join('\n')
}
