// Reads the members of `retry` and `circuit_breaker`. Pure.
import { unknownKey } from '../../../base/values/closest-name.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { badInvocation } from './bad-invocation.ts'

export interface WholeRule {
  readonly least: number
  readonly most: number
  /** Where it is left out; undefined = it has to be there. */
  readonly initial?: number
}

export function wholeMember(
  written: Readonly<Record<string, unknown>>,
  where: string,
  name: string,
  { least, most, initial }: WholeRule,
): number {
  const value = written[name] ?? initial
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw badInvocation(`${where}.${name} must be a whole number from ${least} to ${most}, not ${shownValue(value)}`)
}

export function closedMembers(
  written: Readonly<Record<string, unknown>>,
  where: string,
  known: readonly string[],
): void {
  for (const name of Object.keys(written)) {
    if (!known.includes(name)) throw badInvocation(`${where}: ${unknownKey(name, known)}`)
  }
}
