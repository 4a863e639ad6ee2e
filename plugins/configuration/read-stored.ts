// What a file of stored settings says to somebody who starts nothing, and whether it counts: as `plugin-settings.ts` decides it.
import { isJsonObject, type JsonObject } from '../../base/values/json-value.ts'
import type { StoredReading, StoredQuestion } from '../../sdk/built-in.ts'
import { readEntryFile } from './adapters/entry-file.ts'
import { expand } from './expand.ts'
import { withAdapterOf } from './plugin-settings.ts'
import { seedHolds } from './seed.ts'

/** Undefined where there is no such file. */
export async function readStored({
  file,
  id,
  block,
  schema,
  env,
  engineVersion,
}: StoredQuestion): Promise<StoredReading | undefined> {
  const read = await readEntryFile(file, id, undefined).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    return { text: '', problem: error.message }
  })
  if (read === undefined || read === 'unchanged') return undefined
  if ('problem' in read) return { counts: false, why: read.problem }
  const { value: stored, seed } = read.entry
  if (stored === null) return undefined
  if (!seedHolds(seed, block as JsonObject)) return { counts: false, why: 'the block was edited since' }
  const { value, missing } = expand(stored, { env, engineVersion }, schema)
  if (missing.length > 0) return { counts: false, why: `${missing.join(', ')} is not set` }
  if (!isJsonObject(value)) return { counts: false, why: 'it is no object' }
  const whole = withAdapterOf(block as JsonObject, value)
  return { counts: true, value: whole, ofBlock: Object.keys(whole).filter((member) => !Object.hasOwn(value, member)) }
}
