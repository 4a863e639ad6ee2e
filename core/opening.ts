// Brings parts of the engine into force at its start, one after the other. What keeps one from it is for the user to mend.
import { bringIntoForce, ChangeError, type ChangeParticipant } from './config/change.ts'
import type { EngineConfig } from './config/types.ts'
import { StartError } from './start-error.ts'

/** @throws StartError with what is in the way. */
export async function openInOrder(parts: readonly ChangeParticipant[], config: EngineConfig): Promise<void> {
  for (const part of parts) {
    await bringIntoForce(part, config).catch((error: unknown) => {
      throw error instanceof ChangeError ? new StartError(messagesOf(error), undefined, { cause: error }) : error
    })
  }
}

/** The addresses name themselves; one per line. */
function messagesOf({ problems }: ChangeError): string {
  return problems.map(({ message }) => message).join('\n')
}
