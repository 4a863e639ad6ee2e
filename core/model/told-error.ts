// What a worker is told of an error. Sessions get no stack of what somebody else has thrown, unless their listener says so: it shows paths
// of files and the names of what runs there. The rest of an error goes on as it is (spec 01 §6; ours for sessions).
import { parseUnrounded } from '../../base/values/exact-json.ts'
import { isRecord } from '../../base/values/is-record.ts'
import type { ErrorBody } from '../../protocol/errors.ts'
import type { Policy } from './policy.ts'

/** The error as raw JSON. */
export function toldError(policy: Policy, error: Buffer): Buffer {
  if (seesStacks(policy)) return error
  const parsed = parseUnrounded(error.utf8Slice())
  // A plugin may answer with anything that is JSON.
  if (!isRecord(parsed) || !Object.hasOwn(parsed, 'stacktrace')) return error
  const { stacktrace: _kept, ...body } = parsed
  return Buffer.from(JSON.stringify(body))
}

export function toldErrorBody(policy: Policy, error: ErrorBody): ErrorBody {
  if (seesStacks(policy)) return error
  const { stacktrace: _kept, ...body } = error
  return body
}

function seesStacks(policy: Policy): boolean {
  return policy.kind !== 'session' || policy.seesStacks === true
}
