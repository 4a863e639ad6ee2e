// Reads the text of a manifest strictly (spec 05 B.6): every error with its dotted path, what was expected and what is there.
import { closestName } from '../../../base/values/closest-name.ts'
import { nameProblem } from '../worker-name.ts'
import { type Manifest, MAX_MANIFEST_BYTES, type ReadManifest } from './manifest.ts'

/** Deeper ones are written by nobody. */
const MAX_DEPTH = 32
const MAX_TEXT_ALIASES = 100
const MAX_DESCRIPTION = 280
const MAX_IMAGE = 512
const MAX_ERRORS = 20

type Kind = 'string' | 'map' | 'strings' | 'texts' | 'count' | 'any'
type Members = Readonly<Record<string, Kind | { readonly members: Members }>>

const MEMBERS: Members = {
  name: 'string',
  description: 'string',
  scripts: { members: { start: 'string', install: 'string', setup: 'string' } },
  env: 'texts',
  dependencies: 'texts',
  resources: { members: { cpus: 'count', memory: 'count' } },
  runtime: {
    members: { base_image: 'string', kind: 'string', package_manager: 'string', entry: 'string', language: 'string' },
  },
  iii: 'string',
  deploy: 'string',
  manifest: 'string',
  tags: 'strings',
  config: 'any',
  language: 'string',
  entry: 'string',
}
const DEPRECATED: readonly string[] = [
  'config',
  'language',
  'entry',
  'runtime.kind',
  'runtime.package_manager',
  'runtime.entry',
  'runtime.language',
]
/** Seen in manifests of others, for publishing; they mean nothing here. */
const OF_PUBLISHING: ReadonlySet<string> = new Set(['type', 'repo', 'bin', 'version', 'license', 'author'])

/** Loads the reader of YAML with the first manifest. */
export async function readManifest(text: string): Promise<ReadManifest> {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_MANIFEST_BYTES)
    return refused([`the manifest has ${bytes} bytes; at most ${MAX_MANIFEST_BYTES} are read`])
  const parsed = await parse(text)
  if ('errors' in parsed) return refused(parsed.errors)
  return new Reader().read(parsed.value)
}

async function parse(text: string): Promise<{ readonly value: unknown } | { readonly errors: readonly string[] }> {
  const { isCollection, LineCounter, parseDocument, visit } = await import('yaml')
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent', prettyErrors: false })
    if (document.errors.length > 0)
      return {
        errors: document.errors.slice(0, MAX_ERRORS).map(({ message, pos }) => {
          const { line, col } = lines.linePos(pos[0])
          return `line ${line}, column ${col}: ${message}`
        }),
      }
    let isTooDeep = false
    visit(document, (_key, _node, path) => {
      if (path.length <= MAX_DEPTH || path.filter(isCollection).length <= MAX_DEPTH) return undefined
      isTooDeep = true
      return visit.BREAK
    })
    if (isTooDeep) return { errors: [`the manifest is nested deeper than ${MAX_DEPTH} levels`] }
    return { value: document.toJS({ maxAliasCount: MAX_TEXT_ALIASES }) as unknown }
  } catch (error) {
    return { errors: [(error as Error).message] }
  }
}

class Reader {
  readonly #errors: string[] = []
  readonly #unknown: string[] = []
  readonly #deprecated: string[] = []
  readonly #warnings: string[] = []

  read(value: unknown): ReadManifest {
    if (!isMap(value)) return refused([`the manifest: map expected, ${kindOf(value)} found`])
    this.#members(value, MEMBERS, '')
    const name = value['name']
    this.#name(name)
    const scripts = mapOf(value['scripts'])
    const runtime = mapOf(value['runtime'])
    const legacy = {
      kind: textOf(runtime['kind']) ?? textOf(runtime['language']) ?? textOf(value['language']),
      entry: textOf(runtime['entry']) ?? textOf(value['entry']),
      packageManager: textOf(runtime['package_manager']),
    }
    const start = textOf(scripts['start'])
    if (start?.trim() === '') this.#errors.push('scripts.start: a command expected, empty text found')
    if (start === undefined && scripts['start'] === undefined && legacy.kind === undefined)
      this.#errors.push('scripts.start is missing: say what starts the worker, such as `node index.js`')
    if (scripts['install'] === undefined)
      this.#warnings.push('scripts.install is missing: nothing is installed. Write `install: ""` if that is meant')
    if (scripts['setup'] !== undefined)
      this.#warnings.push('scripts.setup is ignored: workers run without a sandbox of their own')
    this.#dependencies(mapOf(value['dependencies']), name)
    this.#image(runtime['base_image'])
    const description = textOf(value['description'])
    if (description !== undefined && description.length > MAX_DESCRIPTION)
      this.#warnings.push(`description: ${description.length} characters; ${MAX_DESCRIPTION} are shown`)
    const errors = this.#errors.slice(0, MAX_ERRORS)
    const valid = errors.length === 0 && this.#unknown.length === 0
    return {
      valid,
      name: textOf(name) ?? null,
      errors,
      unknown_keys: this.#unknown.slice(0, MAX_ERRORS),
      deprecated_keys: this.#deprecated,
      warnings: this.#warnings.slice(0, MAX_ERRORS),
      ...(valid && { manifest: manifestOf(value, { description, start, legacy, scripts, runtime }) }),
    }
  }

  #members(map: Readonly<Record<string, unknown>>, members: Members, above: string): void {
    for (const [key, value] of Object.entries(map)) {
      const path = above === '' ? key : `${above}.${key}`
      const member = Object.hasOwn(members, key) ? members[key] : undefined
      if (DEPRECATED.includes(path)) {
        this.#deprecated.push(path)
        this.#warnings.push(`${path} is deprecated${path === 'config' ? '' : ': write scripts.start'}`)
      }
      if (member === undefined) this.#unknownKey(path, key, members)
      else if (value === null || value === undefined) continue
      else if (typeof member === 'object') {
        if (isMap(value)) this.#members(value, member.members, path)
        else this.#expected(path, 'map', value)
      } else this.#value(path, member, value)
    }
  }

  #unknownKey(path: string, key: string, members: Members): void {
    if (path === key && OF_PUBLISHING.has(key)) {
      this.#warnings.push(`${key} means nothing here`)
      return
    }
    this.#unknown.push(path)
    const near = closestName(key, Object.keys(members))
    if (near !== undefined) this.#warnings.push(`${path} is unknown. Did you mean '${near}'?`)
  }

  #value(path: string, kind: Kind, value: unknown): void {
    switch (kind) {
      case 'any':
        return
      case 'string':
        if (typeof value !== 'string') this.#expected(path, 'string', value)
        return
      case 'count':
        if (!Number.isSafeInteger(value) || (value as number) < 0) this.#expected(path, 'integer from 0 on', value)
        return
      case 'strings':
        if (!Array.isArray(value)) this.#expected(path, 'list', value)
        else if (!value.every((item) => typeof item === 'string')) this.#errors.push(`${path}: strings expected`)
        return
      default:
        if (!isMap(value)) this.#expected(path, 'map', value)
        else
          for (const [key, item] of Object.entries(value))
            if (typeof item !== 'string') this.#expected(`${path}.${key}`, 'string', item)
    }
  }

  #name(name: unknown): void {
    if (name === undefined || name === null) this.#errors.push('name is missing')
    else if (typeof name === 'string') {
      const problem = nameProblem(name)
      if (problem !== undefined) this.#errors.push(`name: ${problem}`)
    }
  }

  #dependencies(dependencies: Readonly<Record<string, unknown>>, own: unknown): void {
    for (const [name, range] of Object.entries(dependencies)) {
      const path = `dependencies.${name}`
      const problem = nameProblem(name)
      if (problem !== undefined) this.#errors.push(`${path}: ${problem}`)
      if (name === own) this.#errors.push(`${path}: a worker can not depend on itself`)
      if (typeof range === 'string' && !isRange(range)) this.#errors.push(`${path}: '${range}' is no range of versions`)
    }
  }

  #image(image: unknown): void {
    if (typeof image !== 'string') return
    if (image.length > MAX_IMAGE || !/^[A-Za-z0-9._/:@+-]+$/.test(image))
      this.#errors.push('runtime.base_image: no name of an image')
    this.#warnings.push('runtime.base_image is ignored: workers run as processes, not in containers')
  }

  #expected(path: string, expected: string, found: unknown): void {
    this.#errors.push(`${path}: ${expected} expected, ${kindOf(found)} found`)
  }
}

/** Members that packages of a registry must not have (spec 05 B.5). */
const UNSAFE = [
  ['scripts', 'setup'],
  ['scripts', 'install'],
  ['runtime', 'base_image'],
] as const

interface Parts {
  readonly description: string | undefined
  readonly start: string | undefined
  readonly legacy: Manifest['legacy']
  readonly scripts: Readonly<Record<string, unknown>>
  readonly runtime: Readonly<Record<string, unknown>>
}

function manifestOf(value: Readonly<Record<string, unknown>>, parts: Parts): Manifest {
  const { description, start, legacy, scripts, runtime } = parts
  return {
    name: value['name'] as string,
    description: description?.slice(0, MAX_DESCRIPTION),
    start,
    install: textOf(scripts['install']),
    setup: textOf(scripts['setup']),
    env: mapOf(value['env']) as Record<string, string>,
    dependencies: mapOf(value['dependencies']) as Record<string, string>,
    legacy,
    unsafe: UNSAFE.filter(([above, member]) => {
      const written = (above === 'scripts' ? scripts : runtime)[member]
      return written !== undefined && written !== null
    }).map((path) => path.join('.')),
  }
}

/** What npm takes for one, as far as manifests write it: comparators, joined by spaces, `||` and ` - `. */
function isRange(text: string): boolean {
  const version = String.raw`v?(\d+|[xX*])(\.(\d+|[xX*])(\.(\d+|[xX*])([-+][0-9A-Za-z.+-]+)?)?)?`
  const comparator = String.raw`(\^|~|>=|<=|>|<|=)?\s*${version}`
  const set = new RegExp(`^(${comparator}(\\s+${comparator})*|${version}\\s+-\\s+${version}|latest|)$`)
  return text.split('||').every((part) => set.test(part.trim()))
}

function refused(errors: readonly string[]): ReadManifest {
  return { valid: false, name: null, errors, unknown_keys: [], deprecated_keys: [], warnings: [] }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? value : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'object') return 'map'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}
