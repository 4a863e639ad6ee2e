// What went wrong in an operation on workers, as the command line shows it: the message of the error and nothing around it (spec 05 B.3).
import { isRecord } from '../../../base/values/is-record.ts'
import type { CommandTools } from '../../../sdk/built-in.ts'
import { typedWords } from './typed-words.ts'

export interface OperationProblem {
  /** `W110`; `D310` of a registry. */
  readonly code: string
  /** In the words of the command line. */
  readonly text: string
  readonly details: Readonly<Record<string, unknown>>
}

/** undefined: it is no error of an operation on workers. */
export function operationProblem(error: unknown): OperationProblem | undefined {
  if (!isRecord(error)) return undefined
  // Of an engine, the body of its answer; of an operation in this process, the error itself.
  const { code, message } = isRecord(error['body']) ? error['body'] : error
  if (typeof code !== 'string' || !/^[DW]\d{3}$/.test(code) || typeof message !== 'string') return undefined
  try {
    const { message: text, details } = JSON.parse(message) as Record<string, unknown>
    if (typeof text === 'string') return problemOf(code, text, isRecord(details) ? details : {})
  } catch {
    // Of an engine that says it plainly.
  }
  return problemOf(code, message, {})
}

function problemOf(code: string, text: string, details: OperationProblem['details']): OperationProblem {
  const { name } = details
  return { code, text: typedWords(text, typeof name === 'string' ? name : undefined), details }
}

/** The same error for the user; any other stays as it is. */
export function shownFailure(tools: CommandTools, error: unknown): unknown {
  const problem = operationProblem(error)
  return problem === undefined ? error : tools.failure(`Error: ${problem.text}`, { cause: error })
}
