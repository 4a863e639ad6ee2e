// Whether an unpacked bundle may be run (spec 05 B.5): its manifest is there and valid, of this very worker, and runs nothing before it.
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkerOpError } from '../errors.ts'
import { type Manifest, MANIFEST_FILE, MAX_MANIFEST_BYTES } from '../manifest/manifest.ts'
import { readManifest } from '../manifest/read-manifest.ts'
import { shownProblems, startCommand } from '../manifest/worker-folder.ts'

export interface CheckedPackage {
  /** For a shell. */
  readonly start: string
  readonly env: Readonly<Record<string, string>>
}

const WHY_UNSAFE: Readonly<Record<string, string>> = {
  'scripts.setup': 'it expects a machine that is thrown away afterwards',
  'scripts.install': 'a package brings along what it needs',
  'runtime.base_image': 'workers run as processes, not in containers',
}

/** @throws W180, W181 where there is no manifest */
export async function checkPackage(folder: string, name: string): Promise<CheckedPackage> {
  const text = await manifestText(folder, name)
  const report = await readManifest(text)
  const { manifest } = report
  if (manifest === undefined) throw rejected(name, 'manifest', `has errors: ${shownProblems(report)}`)
  checkManifest(manifest, name)
  const start = startCommand(manifest)
  if (start === undefined) throw rejected(name, 'scripts.start', 'does not say what starts the worker')
  return { start, env: manifest.env }
}

function checkManifest(manifest: Manifest, name: string): void {
  if (manifest.name !== name) throw rejected(name, 'name', `names another worker: '${manifest.name}'`)
  const [unsafe] = manifest.unsafe
  if (unsafe === undefined) return
  throw rejected(
    name,
    unsafe,
    `has '${unsafe}', which packages may not have: ${WHY_UNSAFE[unsafe] ?? 'it is not safe'}`,
  )
}

async function manifestText(folder: string, name: string): Promise<string> {
  const absent = (why: string, cause?: unknown): WorkerOpError =>
    new WorkerOpError(
      'W181',
      `The package of '${name}' ${why}. Have it packed again, with ${MANIFEST_FILE} at the top.`,
      { reason: why, entry: MANIFEST_FILE },
      { cause },
    )
  let file
  try {
    file = await open(join(folder, MANIFEST_FILE))
    const stats = await file.stat()
    if (!stats.isFile()) throw absent(`has a folder where ${MANIFEST_FILE} belongs`)
    // Whoever reads it says so, with both numbers.
    if (stats.size > MAX_MANIFEST_BYTES) return ' '.repeat(stats.size)
    return await file.readFile('utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw absent(`has no ${MANIFEST_FILE}`, error)
  } finally {
    await file?.close()
  }
}

function rejected(name: string, field: string, reason: string): WorkerOpError {
  return new WorkerOpError('W180', `The manifest of the package '${name}' ${reason}. It is not installed.`, {
    field,
    reason,
  })
}
