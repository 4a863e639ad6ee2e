// Why an entry can't be run: for a start, a change of the configuration, and a check of it.
import { readWorkerFolder } from '../manifest/worker-folder.ts'
import { nameProblem } from '../worker-name.ts'

/** @param path absolute, of a local worker. */
export async function entryProblem(
  name: string,
  path: string | undefined,
): Promise<{ readonly code: string; readonly message: string } | undefined> {
  const reason = nameProblem(name)
  if (reason !== undefined) return { code: 'W100', message: `'${name}' is no name of a worker: ${reason}` }
  if (path === undefined) return undefined
  const reading = await readWorkerFolder(path)
  return 'problem' in reading ? { code: 'W102', message: `worker_path: ${reading.problem}` } : undefined
}
