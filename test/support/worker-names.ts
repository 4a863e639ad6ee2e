// The names of the workers that this project knows, with those of a test's choice as the ones that this version has.
import { WorkerNames } from '../../core/config/worker-names.ts'
import { ABSENT_WORKERS } from '../../plugins/absent-workers.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import type { BuiltIn } from '../../sdk/built-in.ts'

/** As in this version. */
export const ALL_NAMES = new WorkerNames(BUILT_INS, ABSENT_WORKERS)

/** Only these are there; all others are known and absent. */
export function namesWith(...provided: readonly string[]): WorkerNames {
  const abouts = [...BUILT_INS.map(({ about }) => about), ...ABSENT_WORKERS]
  const builtIns: BuiltIn[] = abouts
    .filter(({ name }) => provided.includes(name))
    .map((about) => ({ folder: `/nowhere/${about.name}`, about }))
  return new WorkerNames(
    builtIns,
    abouts.filter(({ name }) => !provided.includes(name)),
  )
}
