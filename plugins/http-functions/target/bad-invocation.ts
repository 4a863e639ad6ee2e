// What a registration says that can't be meant.
import { CodedError } from '../../../protocol/errors.ts'

export function badInvocation(message: string): CodedError {
  return new CodedError('invalid_invocation', message)
}
