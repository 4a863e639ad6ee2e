// Which workers a project has (spec 05 A.4): those that its configuration names, those that are connected, and what the engine has itself.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from '../../base/values/is-record.ts'
import type { TriggerRequest } from '../../sdk/handle-types.ts'

/** What is left in a project where workers were installed. */
const TRACES = ['iii.lock', join('.iii', 'workers')]

/** undefined: no worker was ever installed here. */
export async function installedNames(
  projectRoot: string,
  call: (request: TriggerRequest) => Promise<unknown>,
): Promise<ReadonlySet<string> | undefined> {
  const [entries, traces] = await Promise.all([
    configuredEntries(call),
    Promise.all(TRACES.map((trace) => stat(join(projectRoot, trace)).then(isThere, isNot))),
  ])
  if (!traces.includes(true) && !entries.some((entry) => typeof entry['worker_path'] === 'string')) return undefined
  const { workers = [] } = (await call({ function_id: 'engine::workers::list', payload: {} })) as {
    workers?: readonly { readonly name?: unknown }[]
  }
  const names = [...entries, ...workers].map((each) => each['name'])
  return new Set(names.filter((name) => typeof name === 'string'))
}

/** None where there is no file, or none that can be read. */
async function configuredEntries(
  call: (request: TriggerRequest) => Promise<unknown>,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  try {
    const { path } = (await call({ function_id: 'engine::configuration::file', payload: {} })) as {
      path: string | null
    }
    if (path === null) return []
    const [text, { parse }] = await Promise.all([readFile(path, 'utf8'), import('yaml')])
    const file: unknown = parse(text, { logLevel: 'silent' })
    const workers = isRecord(file) ? file['workers'] : undefined
    return Array.isArray(workers) ? workers.filter(isRecord) : []
  } catch {
    return []
  }
}

function isThere(): boolean {
  return true
}

function isNot(): boolean {
  return false
}
