// Turns the `permissions` of an entry into the flags of Node's permission model. Pure.
import { join, resolve } from 'node:path'
import type { PluginPermissions } from '../../config/types.ts'

export interface PermissionPlaces {
  readonly engineRoot: string
  readonly projectRoot: string
  /** The plugin's bundle. */
  readonly bundleFile: string
  /** Folder or file of the plugin's sources. */
  readonly ownPath: string
  readonly dataDir: string
}

/** What a process always needs: the engine's code, its own code, its own data folder. */
export function permissionFlags(permissions: PluginPermissions, places: PermissionPlaces): string[] {
  const { engineRoot, projectRoot, bundleFile, ownPath, dataDir } = places
  const engine = ['sdk', 'protocol', 'base', 'core', 'package.json'].map((part) => join(engineRoot, part))
  const outside = join(engineRoot, '..', 'package.json')
  const read = [
    ...engine,
    outside,
    bundleFile,
    ownPath,
    dataDir,
    ...permissions.fs_read.flatMap((path) => granted(projectRoot, path)),
  ]
  const write = [dataDir, ...permissions.fs_write.flatMap((path) => granted(projectRoot, path))]
  return [
    '--permission',
    ...read.map((path) => `--allow-fs-read=${path}`),
    ...write.map((path) => `--allow-fs-write=${path}`),
    ...(permissions.net && canDenyNetwork() ? ['--allow-net'] : []),
    ...(permissions.child_process ? ['--allow-child-process'] : []),
  ]
}

/** Node looks once, at the start, whether a path is a folder. One that is made later is meant too. */
function granted(projectRoot: string, path: string): string[] {
  const absolute = resolve(projectRoot, path)
  return [absolute, join(absolute, '*')]
}

/** From Node 26 on the permission model denies network access unless it is allowed. */
export function canDenyNetwork(): boolean {
  return process.allowedNodeEnvironmentFlags.has('--allow-net')
}
