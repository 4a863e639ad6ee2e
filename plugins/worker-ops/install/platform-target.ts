// Which binaries run here: the target triples of this system, by which registries name them (spec 05 A.7.1).
import { readdir } from 'node:fs/promises'

const CPUS: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  arm: 'armv7',
  ia32: 'i686',
  riscv64: 'riscv64gc',
  ppc64: 'powerpc64le',
  s390x: 's390x',
}

export interface Platform {
  readonly platform: string
  readonly arch: string
  /** Linux with another C library than glibc. */
  readonly isMusl: boolean
}

export async function thisPlatform(): Promise<Platform> {
  const { platform, arch } = process
  return { platform, arch, isMusl: platform === 'linux' && (await hasMuslAlone()) }
}

/** The best one first: what is linked statically runs on every Linux. */
export function targetsOf({ platform, arch, isMusl }: Platform): readonly string[] {
  const cpu = CPUS[arch]
  if (cpu === undefined) return []
  switch (platform) {
    case 'linux': {
      const suffix = arch === 'arm' ? 'eabihf' : ''
      const musl = `${cpu}-unknown-linux-musl${suffix}`
      return isMusl ? [musl] : [`${cpu}-unknown-linux-gnu${suffix}`, musl]
    }
    case 'darwin':
      // Rosetta runs the other ones.
      return arch === 'arm64' ? ['aarch64-apple-darwin', 'x86_64-apple-darwin'] : ['x86_64-apple-darwin']
    case 'win32':
      return [`${cpu}-pc-windows-msvc`, `${cpu}-pc-windows-gnu`]
    case 'freebsd':
      return [`${cpu}-unknown-freebsd`]
    default:
      return []
  }
}

/** Told by the loaders that there are. Asking Node for its report would look up names in the network. */
async function hasMuslAlone(): Promise<boolean> {
  const names = await Promise.all(['/lib', '/lib64'].map((folder) => readdir(folder).catch((): string[] => [])))
  const has = (start: string): boolean => names.flat().some((name) => name.startsWith(start))
  return has('ld-musl-') && !has('ld-linux')
}
