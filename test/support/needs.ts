// What some tests need and not every machine has. A test that is skipped says so in its title, `… (needs NAME)`, with a name of
// this table; skipped-tests.ts tells at the end of a run why, and how to have it run.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findOldNode } from '../bin/old-node.ts'
import { rabbitScript } from './rabbitmq-server.ts'

export interface Need {
  isThere(): boolean
  /** Why a test can't run without it: the end of a sentence that begins with `there is`. */
  readonly missing: string
  /** What to do, so that the tests run. */
  readonly remedy: string
  /** `.ci/run` installs it: in CI it is not looked for, and where it lacks all the same the tests fail. */
  readonly providedInCi?: boolean
}

const ROOT = path.resolve(import.meta.dirname, '../..')
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export const NEEDS = {
  'redis-server': {
    isThere: () => answers('redis-server', '--version'),
    missing: 'no redis-server on the PATH',
    remedy: 'install it: apt-get install redis-server, or brew install redis',
    providedInCi: true,
  },
  'rabbitmq-server': {
    isThere: () => rabbitScript() !== undefined,
    missing: 'no rabbitmq-server where its packages put it',
    remedy: 'install it: apt-get install rabbitmq-server, or brew install rabbitmq',
    providedInCi: true,
  },
  openssl: {
    isThere: () => answers('openssl', 'version'),
    missing: 'no openssl on the PATH, which makes the certificates',
    remedy: 'install it: apt-get install openssl',
    providedInCi: true,
  },
  nginx: {
    isThere: () => answers('nginx', '-v'),
    missing: 'no nginx on the PATH',
    remedy: 'install it: apt-get install nginx-light, or brew install nginx',
    providedInCi: true,
  },
  git: {
    isThere: () => answers('git', '--version'),
    missing: 'no git on the PATH',
    remedy: 'install it: apt-get install git, or brew install git',
    providedInCi: true,
  },
  curl: {
    // An older one knows no `--json`.
    isThere: () => answers('curl', '--json', '{}', '--version'),
    missing: 'no curl 7.82 or newer on the PATH',
    remedy: 'install it: apt-get install curl, or brew install curl',
    providedInCi: true,
  },
  bash: {
    // That of macOS knows no mapfile.
    isThere: () => answers('bash', '-c', 'mapfile -t lines </dev/null'),
    missing: 'no bash 4 or newer on the PATH',
    remedy: 'install it: apt-get install bash, or brew install bash',
    providedInCi: true,
  },
  zsh: {
    isThere: () => answers('zsh', '--version'),
    missing: 'no zsh on the PATH',
    remedy: 'install it: apt-get install zsh',
    providedInCi: true,
  },
  fish: {
    isThere: () => answers('fish', '--version'),
    missing: 'no fish on the PATH',
    remedy: 'install it: apt-get install fish, or brew install fish',
    providedInCi: true,
  },
  script: {
    // The one of util-linux; that of BSD takes other options.
    isThere: () => answers('script', '-qec', 'true', '/dev/null'),
    missing: 'no script of util-linux on the PATH, which makes a terminal',
    remedy: 'install it: apt-get install bsdutils',
    providedInCi: true,
  },
  Chromium: {
    isThere: () => chromiumFile() !== undefined,
    missing: 'no Chromium in /usr/bin',
    remedy: 'install it: apt-get install chromium',
    providedInCi: true,
  },
  'packages of examples/todo': {
    isThere: () => existsSync(path.join(ROOT, 'examples/todo/node_modules/vite')),
    missing: 'nothing installed in examples/todo',
    remedy: 'install it: npm ci --prefix examples/todo',
    providedInCi: true,
  },
  'old Node': {
    isThere: () => findOldNode() !== undefined,
    missing: 'no Node from 18 to 23 in /usr/bin or /usr/local/bin',
    remedy: 'name one: III_TEST_OLD_NODE=/path/to/node',
    providedInCi: true,
  },
  Linux: {
    isThere: () => process.platform === 'linux',
    missing: 'no /proc on this system, which they read',
    remedy: 'run them on Linux, in a container for example',
  },
  'PID namespaces': {
    isThere: () => answers('unshare', '-Urpf', '--mount-proc', 'true'),
    missing: 'no right to make a PID namespace with unshare',
    remedy:
      'run them on Linux as a user who may: sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns',
  },
  'native package': {
    isThere: () => nativeFile() !== undefined,
    missing: 'no native package for this platform in node_modules',
    remedy: 'install with optional dependencies: npm ci',
  },
  root: {
    isThere: () => process.getuid?.() === 0,
    missing: 'no right to become another user',
    remedy: 'run them as root, in a container for example',
  },
  'small disk': {
    isThere: () => canMount(),
    missing: 'no right to mount a small file system',
    remedy: 'run them on Linux as root, where mounting is allowed',
  },
  POSIX: {
    isThere: () => process.platform !== 'win32',
    missing: 'nothing like the rights of POSIX files on this system',
    remedy: 'run them on Linux or macOS',
  },
  cargo: {
    isThere: () => minorVersion('cargo', '--version') >= 85,
    missing: 'no cargo 1.85 or newer on the PATH, which builds the Rust workers',
    remedy: 'install Rust with rustup, or with apt-get install cargo where that is new enough',
  },
  'iii-sdk for Python': {
    // Tests that can install it find out by trying; those that only use it look here.
    isThere: () => pythonWithSdk() !== undefined,
    missing: 'no Python with iii-sdk',
    remedy:
      'install it: python3 -m venv VENVS/0.25.0 && VENVS/0.25.0/bin/pip install -r test/interop/python/requirements-0.25.0.txt, and name the folder: III_TEST_PYTHONS=VENVS',
  },
} satisfies Readonly<Record<string, Need>>

export type NeedName = keyof typeof NEEDS

const known = new Map<NeedName, boolean>()

/** True where tests that need it are to be skipped. */
export function lacks(name: NeedName): boolean {
  const need: Need = NEEDS[name]
  if (need.providedInCi === true && process.env['CI']) return false
  const isThere = known.get(name) ?? need.isThere()
  known.set(name, isThere)
  return !isThere
}

/** A file system in memory, on a folder of its own. */
export function mountSmallDisk(folder: string, size: string): boolean {
  return answers('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder)
}

export function unmountDisk(folder: string): void {
  // Lazily: a file that is open is no reason to leave it there.
  answers('umount', '-l', folder)
}

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const folder = mkdtempSync(path.join(tmpdir(), 'iii-mount-'))
  const isMounted = mountSmallDisk(folder, '64k')
  if (isMounted) unmountDisk(folder)
  rmdirSync(folder)
  return isMounted
}

export function chromiumFile(): string | undefined {
  return BROWSERS.find((file) => existsSync(file))
}

/** The one that piscina's own dependency installs for this platform. */
export function nativeFile(): string | undefined {
  return globSync('node_modules/@napi-rs/nice-*/*.node', { cwd: ROOT })[0]
}

/** One of the interpreters that III_TEST_PYTHONS names, else the system's, if it has the SDK. */
export function pythonWithSdk(): string | undefined {
  const folder = process.env['III_TEST_PYTHONS']
  const named = folder ? globSync('*/bin/python', { cwd: folder }).map((file) => path.join(folder, file)) : []
  return [...named.sort().reverse(), 'python3'].find((python) => answers(python, '-c', 'import iii'))
}

/** The 85 of 1.85.0; 0 where the command is not there. */
function minorVersion(command: string, ...args: readonly string[]): number {
  const { stdout } = spawnSync(command, args, { timeout: 10_000, encoding: 'utf8' })
  return Number(/ 1\.(\d+)/.exec(stdout ?? '')?.[1] ?? 0)
}

function answers(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { timeout: 10_000 }).status === 0
}
