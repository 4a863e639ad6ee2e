// Another name for a worker whose own is taken at the other engine.
import { hostname } from 'node:os'

const SUFFIX = `-${hostname()}-${process.pid}`

/**
 * The name with host and process: with it the worker is let in, unless this very process has taken that one as well. Then it is numbered:
 * several bridges of an engine may have one name, and so have two generations of one.
 */
export function distinctName(name: string): string {
  const at = name.lastIndexOf(SUFFIX)
  if (at === -1) return name + SUFFIX
  const number = name.slice(at + SUFFIX.length)
  if (number === '') return `${name}-2`
  return /^-\d{1,9}$/.test(number) ? `${name.slice(0, at)}${SUFFIX}-${Number(number.slice(1)) + 1}` : name + SUFFIX
}
