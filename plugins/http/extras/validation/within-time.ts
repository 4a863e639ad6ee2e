// Runs code that may take no longer than a given time, and stops it there: some formats take years for some values, such as patterns of
// repeated repetitions, and it is whoever makes requests that chooses the value.
import type { Context, Script } from 'node:vm'

let runner: { readonly script: Script; readonly context: Context & { run?: () => void } } | undefined

/** Thrown instead of what the code would have returned. */
export class OutOfTime extends Error {}

/** @throws OutOfTime after `ms` milliseconds, and whatever `run` throws. */
export function withinTime<Value>(ms: number, run: () => Value): Value {
  const { script, context } = (runner ??= createRunner())
  let value: Value | undefined
  context.run = () => void (value = run())
  try {
    script.runInContext(context, { timeout: ms })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new OutOfTime()
    throw error
  } finally {
    delete context.run
  }
  return value as Value
}

function createRunner(): NonNullable<typeof runner> {
  // Loaded where it is needed alone.
  const { createContext, Script } = process.getBuiltinModule('node:vm')
  return { script: new Script('run()'), context: createContext({}) }
}
