// A change of configuration is one change in two phases over all who take part in it: plugin host, listeners, entries that are no
// plugins, settings of the engine. `prepare` refuses whatever can be refused and changes nothing that anybody could notice;
// `commit` can't fail for a reason that could have been known.
import type { EngineConfig } from './types.ts'

/** Why a configuration can't be brought into force. */
export interface ChangeProblem {
  /** Whose part it is, in words: `plugin 'hello'`, `listener 'iii-worker-manager#1'`. */
  readonly subject: string
  readonly code: string
  readonly message: string
}

/** One part of a change, prepared. Exactly one of `commit` and `discard` is called. */
export interface PreparedPart {
  /** Not empty: the change is refused, and `discard` follows. */
  readonly problems: readonly ChangeProblem[]
  /** Lets go of what others of the same change may need, such as ports. Called on all parts before the first commit. */
  release?(): void
  /** Brings the part into force. What it rejects with was not to be known before; it has then taken its own part back. */
  commit(): Promise<void>
  /** Gives back what `prepare` holds: threads, bound ports; and takes back what `release` let go. */
  discard(): Promise<void>
}

export interface ChangeParticipant {
  prepare(wanted: EngineConfig): Promise<PreparedPart>
}

/**
 * Brings a configuration into force, or leaves everything as it was.
 * @param participants in the order of their commits: those whose commit may fail for what nobody could know come first.
 * @param running what is taken up again when a commit fails after others.
 * @returns the problems; empty when the configuration is in force.
 */
export async function carryOutChange(
  participants: readonly ChangeParticipant[],
  running: EngineConfig,
  wanted: EngineConfig,
  onTakeBackFailed: (error: unknown) => void,
): Promise<readonly ChangeProblem[]> {
  const prepared = await Promise.all(participants.map((participant) => preparedBy(participant, wanted)))
  const problems = prepared.flatMap((part) => part.problems)
  if (problems.length > 0) {
    await discardAll(prepared, onTakeBackFailed)
    return problems
  }
  for (const part of prepared) part.release?.()
  for (const [index, part] of prepared.entries()) {
    try {
      await part.commit()
    } catch (error) {
      await discardAll(prepared.slice(index + 1), onTakeBackFailed)
      for (const participant of participants.slice(0, index).reverse())
        await bringIntoForce(participant, running).catch(onTakeBackFailed)
      return problemsOf(error)
    }
  }
  return []
}

/** How many problems one line names. */
const TOLD_PROBLEMS = 5

/** All of them in one line, as far as somebody would read it. */
export function tellProblems(problems: readonly ChangeProblem[]): string {
  const told = problems.slice(0, TOLD_PROBLEMS).map(({ subject, message }) => `${subject}: ${message}`)
  const left = problems.length - told.length
  return [...told, ...(left > 0 ? [`and ${left} more`] : [])].join('; ')
}

/** Brings one participant to a configuration by itself. @throws ChangeError, or what its commit rejects with. */
export async function bringIntoForce(participant: ChangeParticipant, wanted: EngineConfig): Promise<void> {
  const part = await participant.prepare(wanted)
  if (part.problems.length > 0) {
    await part.discard()
    throw new ChangeError(part.problems)
  }
  part.release?.()
  await part.commit()
}

/** Several problems that came up together, for who brings a part into force. */
export class ChangeError extends Error {
  override readonly name = 'ChangeError'
  readonly problems: readonly ChangeProblem[]

  constructor(problems: readonly ChangeProblem[]) {
    super(tellProblems(problems))
    this.problems = problems
  }
}

/** A participant that fails in `prepare` has a fault of its own; the others must not be left prepared because of it. */
async function preparedBy(participant: ChangeParticipant, wanted: EngineConfig): Promise<PreparedPart> {
  try {
    return await participant.prepare(wanted)
  } catch (error) {
    return { problems: problemsOf(error), commit: async () => {}, discard: async () => {} }
  }
}

async function discardAll(parts: readonly PreparedPart[], onFailed: (error: unknown) => void): Promise<void> {
  await Promise.all(parts.map((part) => part.discard().catch(onFailed)))
}

function problemsOf(error: unknown): readonly ChangeProblem[] {
  if (error instanceof ChangeError) return error.problems
  const { code } = error as { code?: unknown }
  const message = error instanceof Error ? error.message : String(error)
  return [{ subject: 'configuration', code: typeof code === 'string' ? code : 'invocation_failed', message }]
}
