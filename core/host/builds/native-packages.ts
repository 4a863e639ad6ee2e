// Tells packages with native code from others. These stay outside of bundles: they look for their `.node` files from the place where
// their own files lie, by ways of which a bundle knows nothing.
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface NativePackage {
  readonly name: string
  /** Absolute path of its package.json. */
  readonly manifest: string
}

/** Of a package.json, none of it checked. */
export interface Manifest {
  readonly type?: unknown
  readonly main?: unknown
  readonly exports?: unknown
  readonly binary?: unknown
  readonly napi?: unknown
  readonly gypfile?: unknown
  readonly dependencies?: unknown
  readonly optionalDependencies?: unknown
}

/** Packages that find a native module for the package that depends on them. */
const FINDERS = [
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  'node-pre-gyp',
  '@mapbox/node-pre-gyp',
  'pkg-prebuilds',
  'prebuild-install',
  'detect-libc',
]

/** Ends of names of packages that are made for one platform, as `@node-rs/argon2-linux-x64-gnu`. */
const FOR_ONE_PLATFORM = /(?:linux|darwin|win32|freebsd|android)[-_.]?(?:x64|arm64|arm|ia32|universal)/

/** Looks packages up as Node does. What it has seen it takes as given: one for each build. */
export class NativePackages {
  readonly #seen = new Map<string, NativePackage | undefined>()

  /** The package that an import names, if that is one with native code. @param specifier neither relative nor absolute */
  find(specifier: string, importingFolder: string): NativePackage | undefined {
    const name = packageName(specifier)
    if (name === undefined) return undefined
    for (let folder = importingFolder; ; folder = dirname(folder)) {
      const own = join(folder, 'node_modules', name)
      if (this.#seen.has(own) || existsSync(own)) return this.#look(own, name)
      if (folder === dirname(folder)) return undefined
    }
  }

  #look(folder: string, name: string): NativePackage | undefined {
    if (this.#seen.has(folder)) return this.#seen.get(folder)
    const isNative = hasNativeCode(folder)
    const found = isNative ? { name, manifest: join(realpathSync(folder), 'package.json') } : undefined
    this.#seen.set(folder, found)
    return found
  }
}

/** `@scope/name/inner` → `@scope/name`; undefined for what is no package, as `#inner`. */
export function packageName(specifier: string): string | undefined {
  return /^(?:@[^/]+\/)?[^@/#.][^/]*/.exec(specifier)?.[0]
}

function hasNativeCode(folder: string): boolean {
  const { main, exports, binary, napi, gypfile, dependencies, optionalDependencies } = readManifest(folder)
  if (gypfile === true || isObject(binary) || isObject(napi)) return true
  if (typeof main === 'string' && main.endsWith('.node')) return true
  if (JSON.stringify(exports ?? null).includes('.node"')) return true
  if (namesIn(dependencies).some((name) => FINDERS.includes(name))) return true
  if (namesIn(optionalDependencies).some((name) => FOR_ONE_PLATFORM.test(name))) return true
  return existsSync(join(folder, 'binding.gyp'))
}

/** Empty where there is none that can be read. */
export function readManifest(folder: string): Manifest {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return isObject(manifest) ? manifest : {}
  } catch {
    return {}
  }
}

function namesIn(dependencies: unknown): string[] {
  return isObject(dependencies) ? Object.keys(dependencies) : []
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
