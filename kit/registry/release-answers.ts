// How a version is installed, as remote registries tell it: `/download` of one worker, `/resolve` of one with all that it needs (spec 05 A.7.1).
import { isRecord } from '../../base/values/is-record.ts'
import { RegistryError } from './registry-error.ts'
import {
  checkedSha256,
  dependencyMap,
  publishedFunctions,
  workerType,
  type Artifact,
  type Release,
  type WorkerRow,
} from './shapes.ts'
import { VERSION_NAME, WORKER_NAME } from './worker-name.ts'

export interface ResolvedGraph {
  readonly root: string
  /** In the order of the registry. */
  readonly releases: readonly Release[]
}

export interface ReleaseQuestion {
  readonly name: string
  readonly version: string
  /** What the registry says elsewhere of this version. */
  readonly about: { readonly row: WorkerRow; readonly fields: Readonly<Record<string, unknown>> } | undefined
  /** Method and address, for messages. */
  readonly where: string
}

/** `value` undefined = the registry said that the engine has it (204). */
export function readReleaseAnswer(value: unknown, { name, version, about, where }: ReleaseQuestion): Release {
  const more = {
    dependencies: dependencyMap(about?.row.dependencies),
    functions: publishedFunctions(about?.fields['functions']).map((each) => each.name),
  }
  if (value === undefined)
    return {
      name,
      version: about?.row.version ?? version,
      type: 'engine',
      config: {},
      ...more,
      artifact: { kind: 'engine' },
    }
  if (!isRecord(value)) throw unusable(where, 'no object')
  if (value['name'] !== undefined && value['name'] !== name)
    throw unusable(where, `${JSON.stringify(value['name'])} in place of "${name}"`)
  const release = readRelease({ ...value, name }, where)
  const dependencies = value['dependencies'] === undefined ? more.dependencies : release.dependencies
  return { ...release, functions: more.functions, dependencies }
}

export function readResolveAnswer(value: unknown, where: string): ResolvedGraph {
  const { root, graph } = isRecord(value) ? value : {}
  if (!isRecord(root) || typeof root['name'] !== 'string' || !Array.isArray(graph))
    throw unusable(where, 'no `root` and `graph`')
  return { root: root['name'], releases: graph.map((node) => readRelease(node, where)) }
}

function readRelease(node: unknown, where: string): Release {
  if (!isRecord(node)) throw unusable(where, 'a worker that is no object')
  const { name, version } = node
  if (typeof name !== 'string' || !WORKER_NAME.test(name))
    throw unusable(where, `${JSON.stringify(name)?.slice(0, 80)} as the name of a worker`)
  if (typeof version !== 'string' || !VERSION_NAME.test(version))
    throw unusable(where, `${JSON.stringify(version)?.slice(0, 80)} as the version of "${name}"`)
  const type = workerType(node['type'])
  return {
    name,
    version,
    type,
    dependencies: dependencyMap(node['dependencies']),
    config: isRecord(node['config']) ? node['config'] : {},
    functions: [],
    artifact: artifactOf(node, type, `"${name}" ${version}`, where),
  }
}

function artifactOf(
  node: Readonly<Record<string, unknown>>,
  type: Release['type'],
  whose: string,
  where: string,
): Artifact {
  if (type === 'engine') return { kind: 'engine' }
  if (type === 'bundle') {
    const url = addressOf(node['archive_url'], whose, where)
    return { kind: 'bundle', url, sha256: checkedSha256(node['sha256'], `the bundle of ${whose}`) }
  }
  if (type === 'image') {
    const image = node['image'] ?? node['image_url']
    if (typeof image !== 'string') throw unusable(where, `no image of ${whose}`)
    return { kind: 'image', image }
  }
  // A folder of somebody else's machine.
  if (type === 'local') throw unusable(where, `${whose} as a local folder`)
  if (!isRecord(node['binaries'])) throw unusable(where, `no binaries of ${whose}`)
  const targets = Object.entries(node['binaries']).map(([target, each]) => {
    const { url, sha256 } = isRecord(each) ? each : {}
    const what = `${whose} for ${target}`
    return [
      target,
      { url: addressOf(url, what, where), sha256: checkedSha256(sha256, `the binary of ${what}`) },
    ] as const
  })
  return { kind: 'binary', targets: Object.fromEntries(targets) }
}

/** A remote registry names no file of this machine. */
function addressOf(url: unknown, whose: string, where: string): string {
  if (typeof url === 'string' && /^https?:\/\//i.test(url) && URL.canParse(url)) return url
  throw unusable(
    where,
    `${JSON.stringify(url)?.slice(0, 200)} as the address of ${whose}: it must begin with http:// or https://`,
  )
}

function unusable(where: string, what: string): RegistryError {
  return new RegistryError('unreachable', `${where} answered ${what}.`)
}
