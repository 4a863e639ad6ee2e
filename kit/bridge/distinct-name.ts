// Another name for a worker whose own is taken at the other engine.
import { hostname } from 'node:os'

const SUFFIX = `-${hostname()}-${process.pid}`

/** The name with host and process: with it the worker is let in. */
export function distinctName(name: string): string {
  return name.endsWith(SUFFIX) ? name : name + SUFFIX
}
