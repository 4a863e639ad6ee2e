// The folder of a local worker: its manifest, or what is inferred from package.json where it has none (spec 05 B.6), and what starts it.
import { access, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Manifest, MANIFEST_FILE, MAX_MANIFEST_BYTES, type ReadManifest } from './manifest.ts'
import { readManifest } from './read-manifest.ts'

export interface WorkerFolder {
  /** Absolute. */
  readonly folder: string
  readonly name: string
  /** For a shell. */
  readonly start: string
  /** For a shell; undefined: nothing is installed. */
  readonly install: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

/** Files of package managers and build tools: when one changes, what was installed is out of date. */
export const PACKAGE_FILES = [
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
  'requirements.txt',
  'pyproject.toml',
  'poetry.lock',
  'uv.lock',
  'Cargo.toml',
  'Cargo.lock',
] as const

/** `problem`: in words, a sentence. `report`: of a manifest that has errors. */
export type FolderReading =
  | { readonly worker: WorkerFolder; readonly report: ReadManifest | undefined }
  | { readonly problem: string; readonly kind: 'no-folder' | 'no-manifest' | 'invalid'; readonly report?: ReadManifest }

export async function readWorkerFolder(folder: string): Promise<FolderReading> {
  const stats = await stat(folder).catch(() => undefined)
  if (stats?.isDirectory() !== true) {
    const what = stats === undefined ? 'there is no folder' : 'it is no folder:'
    return { problem: `${what} '${folder}'`, kind: 'no-folder' }
  }
  const text = await readBounded(join(folder, MANIFEST_FILE))
  if (typeof text === 'object') return { problem: text.problem, kind: 'invalid', report: refusal(text.problem) }
  if (text === undefined) return infer(folder)
  const report = await readManifest(text)
  if (report.manifest === undefined)
    return { problem: `'${join(folder, MANIFEST_FILE)}' has errors: ${shownProblems(report)}`, kind: 'invalid', report }
  const { name, install, env, dependencies } = report.manifest
  const start = startCommand(report.manifest)
  if (start === undefined) {
    const problem = `'${join(folder, MANIFEST_FILE)}' does not say what starts the worker: write scripts.start`
    return { problem, kind: 'invalid', report: { ...report, valid: false, errors: ['scripts.start is missing'] } }
  }
  const worker = { folder, name, start, install: isBlank(install) ? undefined : install, env, dependencies }
  return { worker: { ...worker, warnings: report.warnings }, report }
}

/** What starts the worker, also for manifests of old (spec 05 B.6, legacy inference). */
export function startCommand({ start, legacy: { kind, entry } }: Manifest): string | undefined {
  if (start !== undefined) return start
  switch (kind) {
    case 'typescript':
      return `npx tsx ${entry ?? 'src/index.ts'}`
    case 'javascript':
    case 'node':
      return `node ${entry ?? 'src/index.js'}`
    case 'bun':
      return `bun run ${entry ?? 'src/index.ts'}`
    case 'python':
      return `python ${entry ?? 'src/main.py'}`
    case 'rust':
      return 'cargo run --release'
    default:
      return undefined
  }
}

/** What is wrong with a manifest, on one line. */
export function shownProblems({ errors, unknown_keys: unknown }: ReadManifest): string {
  return [...errors, ...unknown.map((key) => `unknown key '${key}'`)].join('; ')
}

async function infer(folder: string): Promise<FolderReading> {
  const file = join(folder, 'package.json')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined)
    return {
      problem: `there is no '${MANIFEST_FILE}' in '${folder}', and no package.json from which it could be inferred. \`iii worker init\` writes one`,
      kind: 'no-manifest',
    }
  try {
    const { name, scripts } = JSON.parse(text) as { name?: unknown; scripts?: { start?: unknown } }
    if (typeof name !== 'string') throw new Error('it has no name')
    if (typeof scripts?.start !== 'string') throw new Error('it has no script `start`')
    const [, bare = name] = /^@[^/]+\/(.+)$/.exec(name) ?? []
    const manager = await packageManager(folder)
    return {
      worker: {
        folder,
        name: bare,
        start: `${manager} run start`,
        install: `${manager} install`,
        env: {},
        dependencies: {},
        warnings: [`there is no ${MANIFEST_FILE}: the commands are those of package.json`],
      },
      report: undefined,
    }
  } catch (error) {
    return {
      problem: `there is no '${MANIFEST_FILE}' in '${folder}', and from '${file}' it can not be inferred: ${(error as Error).message}`,
      kind: 'invalid',
    }
  }
}

async function packageManager(folder: string): Promise<string> {
  for (const [file, manager] of [
    ['pnpm-lock.yaml', 'pnpm'],
    ['yarn.lock', 'yarn'],
    ['bun.lock', 'bun'],
    ['bun.lockb', 'bun'],
  ] as const) {
    const isThere = await access(join(folder, file)).then(
      () => true,
      () => false,
    )
    if (isThere) return manager
  }
  return 'npm'
}

/** undefined: there is no such file. */
async function readBounded(file: string): Promise<string | undefined | { readonly problem: string }> {
  let handle
  try {
    handle = await open(file)
    const { size } = await handle.stat()
    if (size > MAX_MANIFEST_BYTES)
      return { problem: `'${file}' has ${size} bytes; at most ${MAX_MANIFEST_BYTES} are read` }
    return await handle.readFile('utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? undefined : { problem: `'${file}' can not be read: ${message}` }
  } finally {
    await handle?.close()
  }
}

function refusal(problem: string): ReadManifest {
  return { valid: false, name: null, errors: [problem], unknown_keys: [], deprecated_keys: [], warnings: [] }
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === ''
}
