// Brings one package from its source into a folder of its own, checked: a bundle unpacked, a binary as it is, and the receipt with it.
import { chmod, mkdir, open, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArchiveThreads } from '../../../base/archives/archive-threads.ts'
import { syncFolder } from '../../../base/files/atomic-file.ts'
import { timeText } from '../../../base/values/amount-text.ts'
import { WorkerOpError } from '../errors.ts'
import type { OnDownload, PlannedWorker } from '../installing.ts'
import { download } from './download.ts'
import type { LockedArtifact, LockSource } from './lock-entry.ts'
import { checkPackage } from './package-check.ts'
import { BUNDLE_LIMITS, MAX_BINARY_BYTES, MAX_BUNDLE_BYTES, UNPACK_MS } from './package-limits.ts'
import { targetsOf, type Platform } from './platform-target.ts'
import { RECEIPT_FILE, type Receipt } from './receipt.ts'

export interface FetchDeps {
  readonly threads: ArchiveThreads
  readonly platform: Platform
  /** How long a source may give nothing. */
  readonly idleMs: number
  readonly onDownload: OnDownload | undefined
  readonly signal: AbortSignal
}

/** @returns the folder in `staging` that is to be put into its place. @throws W142 W180 W181 */
export async function fetchPackage(worker: PlannedWorker, staging: string, deps: FetchDeps): Promise<string> {
  const source = worker.pin?.source
  if (source === undefined || source.kind === 'image')
    throw new Error(`a worker of the type '${worker.type}' is not fetched`)
  const folder = join(staging, 'package')
  const { sha256, files } =
    source.kind === 'bundle'
      ? await fetchBundle(worker, source, { staging, folder }, deps)
      : await fetchBinary(worker, source, folder, deps)
  const { version, config, functions } = worker
  await writeReceipt(folder, { type: source.kind, version, sha256, files, config, functions })
  return folder
}

/** The one for this system. @throws W142 */
export function artifactFor(
  name: string,
  source: Extract<LockSource, { readonly kind: 'binary' }>,
  platform: Platform,
): LockedArtifact {
  const targets = targetsOf(platform)
  const target = targets.find((each) => Object.hasOwn(source.artifacts, each))
  const found = target === undefined ? undefined : source.artifacts[target]
  if (found !== undefined) return found
  const there = Object.keys(source.artifacts).join(', ')
  const here = targets[0] ?? `${platform.platform} on ${platform.arch}`
  throw new WorkerOpError(
    'W142',
    `The worker '${name}' has no binary for this system (${here}); it has: ${there}. Ask those who publish it.`,
    { url: null, target: here, available: Object.keys(source.artifacts) },
  )
}

/** Of a binary within its folder. */
export function executableName(name: string, platform: Platform): string {
  return platform.platform === 'win32' ? `${name}.exe` : name
}

interface Fetched {
  readonly sha256: string
  readonly files: readonly string[]
}

async function fetchBundle(
  { name, version }: PlannedWorker,
  source: Extract<LockSource, { readonly kind: 'bundle' }>,
  { staging, folder }: { readonly staging: string; readonly folder: string },
  { threads, idleMs, onDownload, signal }: FetchDeps,
): Promise<Fetched> {
  const { archive_url: url, sha256 } = source
  const archive = join(staging, 'archive')
  await download({ url, sha256, target: archive, maxBytes: MAX_BUNDLE_BYTES, idleMs, onDownload, signal })
  const late = AbortSignal.timeout(UNPACK_MS)
  const task = { archive, folder, limits: BUNDLE_LIMITS }
  const outcome = await threads.unpack(task, AbortSignal.any([signal, late])).catch((error: Error) => {
    const reason = late.aborted
      ? `could not be unpacked within ${timeText(UNPACK_MS)}`
      : `could not be unpacked: ${error.message}`
    throw unsafe(name, version, `the archive ${reason}`, { reason, entry: null }, error)
  })
  switch (outcome.kind) {
    case 'refused':
      throw unsafe(name, version, outcome.message, { reason: outcome.reason, entry: outcome.entry ?? null })
    case 'failed':
      throw Object.assign(new Error(outcome.message), { code: outcome.code })
    case 'unpacked':
      await unlink(archive)
      await checkPackage(folder, name)
      return { sha256, files: outcome.files.map(({ path }) => path) }
  }
}

async function fetchBinary(
  { name }: PlannedWorker,
  source: Extract<LockSource, { readonly kind: 'binary' }>,
  folder: string,
  { platform, idleMs, onDownload, signal }: FetchDeps,
): Promise<Fetched> {
  const { url, sha256 } = artifactFor(name, source, platform)
  const file = executableName(name, platform)
  const draft = `${folder}.download`
  await download({ url, sha256, target: draft, maxBytes: MAX_BINARY_BYTES, idleMs, onDownload, signal })
  await mkdir(folder)
  await chmod(draft, 0o755)
  await sync(draft)
  await rename(draft, join(folder, file))
  return { sha256, files: [file] }
}

async function writeReceipt(folder: string, receipt: Receipt): Promise<void> {
  const path = join(folder, RECEIPT_FILE)
  try {
    await writeFile(path, `${JSON.stringify(receipt)}\n`, { flag: 'wx', flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw unsafe('', receipt.version, `it holds ${RECEIPT_FILE}, which the engine writes itself`, {
      reason: 'holds a receipt',
      entry: RECEIPT_FILE,
    })
  }
  await syncFolder(folder)
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function unsafe(
  name: string,
  version: string,
  problem: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): WorkerOpError {
  const text = `The package of '${name}' ${version} is not unpacked: ${problem}. Have it packed again, of files and folders alone.`
  return new WorkerOpError('W181', text, details, { cause })
}
