// Which workers an operation is about: `names` or `all`, and `yes`, in the order in which they are checked (spec 05 B.2).
import { checkName } from '../worker-name.ts'
import { WorkerOpError } from '../errors.ts'
import type { OperationInput } from './input.ts'

/** @throws W104 without `yes`; W103 for neither `names` nor `all`, and for both; W100. `all`: undefined. */
export function readNames(input: OperationInput, op: string): readonly string[] | undefined {
  const names = [...new Set(input.texts('names'))]
  const all = input.flag('all')
  if (!input.flag('yes')) throw notMeant(op)
  if (names.length === 0 && !all) throw missing(op, 'say which: `names`, a list of workers, or `all: true`')
  if (names.length > 0 && all) throw missing(op, 'say either `names` or `all: true`, not both')
  return all ? undefined : names.map(checkName)
}

export function notMeant(op: string): WorkerOpError {
  return new WorkerOpError('W104', `worker::${op} ends or deletes something. Say yes: true if that is meant.`, { op })
}

function missing(op: string, reason: string): WorkerOpError {
  return new WorkerOpError('W103', `worker::${op} does not know what is meant: ${reason}.`, { op, reason })
}
