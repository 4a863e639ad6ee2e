// Runs commands as a container does, without Docker: in namespaces of their own, with another root, as another user. The system below
// /usr is the one of this machine, and the Node that of this checkout.
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** Those of the machine that an image brings along. */
const OF_THE_SYSTEM = ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'usr/libexec', 'usr/share', 'etc', 'dev']
const LINKS = ['bin', 'sbin', 'lib', 'lib64']
const isRoot = process.getuid?.() === 0
/** Who may not make namespaces otherwise does so as root of a namespace of users. */
const NAMESPACES = isRoot ? [] : ['-Ur']

export interface Place {
  /** Absolute, inside. */
  readonly workdir: string
  readonly env: Readonly<Record<string, string>>
}

export class ContainerRoot {
  readonly dir: string

  constructor(dir: string) {
    this.dir = dir
    for (const folder of [...OF_THE_SYSTEM.filter(isHere), 'usr/local/bin', 'proc', 'root', 'tmp']) {
      mkdirSync(path.join(dir, folder), { recursive: true })
    }
    for (const link of LINKS.filter(isHere)) symlinkSync(`usr/${link}`, path.join(dir, link))
    chmodSync(path.join(dir, 'tmp'), 0o1777)
    writeFileSync(path.join(dir, 'usr/local/bin/node'), '')
  }

  /** A path of the container as one of the machine. */
  at(inside: string): string {
    return path.join(this.dir, inside)
  }

  /** A step of the build, as root and with the network. */
  async build(command: string, { workdir, env }: Place): Promise<void> {
    const home = process.env['HOME'] ?? '/root'
    const script = [
      ...this.#mounts(),
      `mount --rbind ${home} ${this.dir}/root`,
      `mount -t proc proc ${this.dir}/proc`,
      `exec ${environment({ ...wayOut(), HOME: '/root', ...env })} chroot ${this.dir} sh -c ${quoted(`cd ${workdir} && ${command}`)}`,
    ]
    await this.#namespace(['-mpf', '--kill-child'], script)
  }

  /**
   * Starts a program as the first process, with nothing writable but `/tmp` and `volume`, no network but its own loopback, and no rights
   * of root; runs the checks beside it; then sends SIGTERM.
   * @returns what each check printed, and the exit code of the program.
   */
  async run(
    program: readonly string[],
    place: Place & { readonly volume: string },
    checks: readonly (readonly string[])[],
  ): Promise<{ readonly checks: readonly string[]; readonly exitCode: number; readonly output: string }> {
    const output = this.at('../output.txt')
    const inside = (words: readonly string[]) => this.#inside(words, place)
    const { dir } = this
    const script = [
      `mount --bind ${dir} ${dir}`,
      ...this.#mounts(),
      `mount --bind ${this.at(place.volume)} ${this.at(place.volume)}`,
      `mount -t tmpfs tmpfs ${dir}/tmp`,
      `chmod 1777 ${dir}/tmp`,
      `mount -o remount,bind,ro ${dir}`,
      'ip link set lo up',
      'mount -t proc proc /proc',
      `unshare -mpf --kill-child sh -c ${quoted(`mount -t proc proc ${dir}/proc && exec ${inside(program)}`)} > ${output} 2>&1 &`,
      'first=$!',
      ...checks.map((check, index) => {
        const once = `${inside(check)} > ${output}.${index} 2>&1`
        // The first waits until it succeeds, as the health check of a container does.
        return index === 0 ? `for _ in $(seq 100); do ${once} && break; sleep 0.1; done` : `${once} || true`
      }),
      // One that has ended by itself has its exit code all the same.
      'kill -TERM $(cat /proc/$first/task/$first/children) || true',
      'wait $first && code=0 || code=$?',
      'echo $code',
    ]
    const { stdout } = await this.#namespace(['-mnpf', '--kill-child'], script)
    return {
      checks: checks.map((_, index) => readFileSync(`${output}.${index}`, 'utf8')),
      exitCode: Number(stdout),
      output: readFileSync(output, 'utf8'),
    }
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }

  #mounts(): string[] {
    const node = this.at('usr/local/bin/node')
    return [
      ...OF_THE_SYSTEM.filter(isHere).map((folder) => `mount --rbind /${folder} ${this.at(folder)}`),
      `mount --bind ${process.execPath} ${node}`,
    ]
  }

  #inside(words: readonly string[], { workdir, env }: Place): string {
    const user = isRoot ? '--userspec=1000:1000 --groups=' : ''
    const command = `cd ${workdir} && exec ${words.map(quoted).join(' ')}`
    return `${environment({ HOME: '/tmp', ...env })} chroot ${user} ${this.dir} sh -c ${quoted(command)}`
  }

  #namespace(kinds: readonly string[], script: readonly string[]) {
    return run('unshare', [...NAMESPACES, ...kinds, 'sh', '-ec', script.join('\n')], { timeout: 180_000 })
  }
}

function isHere(folder: string): boolean {
  return existsSync(`/${folder}`)
}

/** How this machine reaches the registry. */
function wayOut(): Record<string, string> {
  const names = /^(npm_config_registry|node_extra_ca_certs|ssl_cert_\w+|https?_proxy|no_proxy)$/i
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (names.test(name) ? [[name, value ?? '']] : [])),
  )
}

function environment(variables: Readonly<Record<string, string>>): string {
  const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const words = Object.entries({ PATH, ...variables }).map(([name, value]) => quoted(`${name}=${value}`))
  return `env -i ${words.join(' ')}`
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
