// Two routes that differ in the names of their parameters alone (spec 06 A.4).
import { CodedError } from '../../../protocol/errors.ts'

export class RouteConflict extends CodedError {
  constructor(method: string, pattern: string, other: string) {
    super(
      'trigger_registration_failed',
      `${method} ${pattern} conflicts with already-registered route ${method} ${other}: they differ in the names of their parameters ` +
        'alone. Use the same names, or another path',
    )
  }
}
