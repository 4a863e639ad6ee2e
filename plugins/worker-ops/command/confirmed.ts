// Asks before something is lost.
import type { CommandTools } from '../../../sdk/built-in.ts'

/**
 * @param state a sentence: how things are.
 * @throws where nobody can be asked: what to say instead.
 */
export async function confirmed(tools: CommandTools, state: string, question: string): Promise<boolean> {
  const { ask } = tools
  if (ask === undefined) throw tools.failure(`Error: ${state} Nobody can be asked here; to want it: --yes`)
  return ['y', 'yes'].includes((await ask(`${state} ${question} [y/N] `)).trim().toLowerCase())
}
