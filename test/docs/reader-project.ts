// The place of somebody who reads a page and does what it says: a project of their own, with an engine that runs.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { NpmRegistry } from '../support/npm-registry.ts'
import { pythonWithSdk } from '../support/needs.ts'
import { unusedPort } from '../support/unused-port.ts'
import { ROOT } from './snippets.ts'

const COMMAND_MS = 60_000
const CONFIG_FILE = 'iii-config.yaml'

/** Has the next project with an engine ready while a page is read, and ends the last one meanwhile. */
export class ReaderProjects {
  #ahead: Promise<ReaderProject> | undefined
  #wanted: number
  readonly #ending: Promise<void>[] = []
  #npm: Promise<NpmRegistry> | undefined

  /** @param wanted how many with an engine there will be. */
  constructor(wanted: number) {
    this.#wanted = wanted
  }

  async open({ withEngine }: { withEngine: boolean }): Promise<ReaderProject> {
    const npm = await (this.#npm ??= NpmRegistry.start())
    if (!withEngine) return ReaderProject.open({ withEngine, npm })
    const project = this.#ahead ?? ReaderProject.open({ withEngine, npm })
    this.#wanted--
    await project
    this.#ahead = this.#wanted > 0 ? ReaderProject.open({ withEngine, npm }) : undefined
    // Whoever takes it hears of its failure.
    this.#ahead?.catch(() => {})
    return project
  }

  end(project: ReaderProject): void {
    this.#ending.push(project.close())
  }

  async close(): Promise<void> {
    await Promise.all([...this.#ending, this.#ahead?.then((project) => project.close())])
    await (await this.#npm)?.[Symbol.asyncDispose]()
  }
}

/** A temporary folder with `iii` on its PATH, the packages of this checkout, and an engine where a page needs one. */
export class ReaderProject {
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv
  readonly #children: ChildProcess[] = []
  #publicPort = 0
  #registryPort = 0
  /** Of a second engine, which a page has its reader start. */
  #secondPort = 0

  private constructor(folder: string, npm: NpmRegistry) {
    this.#folder = folder
    this.#env = {
      ...process.env,
      // What a page installs is what this checkout has installed.
      ...npm.env,
      PATH: `${path.join(folder, '.bin')}${path.delimiter}${process.env['PATH']}`,
      OTEL_ENABLED: 'false',
    }
  }

  static async open({ withEngine, npm }: { withEngine: boolean; npm: NpmRegistry }): Promise<ReaderProject> {
    const folder = mkdtempSync(path.join(tmpdir(), 'iii-docs-'))
    const project = new ReaderProject(folder, npm)
    mkdirSync(path.join(folder, '.bin'))
    project.#command('iii', `'${process.execPath}' '${path.join(ROOT, 'bin', 'iii.mjs')}'`)
    const python = pythonWithSdk()
    if (python !== undefined) project.#command('python3', `'${python}'`)
    linkPackages(path.join(folder, 'node_modules'))
    const starter = readFileSync(path.join(ROOT, 'iii-config.yaml'), 'utf8')
    project.#publicPort = await unusedPort()
    project.#registryPort = await unusedPort()
    project.#secondPort = await unusedPort()
    project.#env['PUBLIC_URL'] = `ws://127.0.0.1:${project.#publicPort}`
    // The reader waits the full time for calls that do not end.
    project.write(CONFIG_FILE, starter.replace('\nengine:\n', '\nengine:\n  drain_ms: 500\n'))
    if (!withEngine) return project
    const screen = await project.#startUntil('iii start', 'Try next')
    project.#env['III_URL'] = /ws:\/\/\S+/.exec(screen)?.[0]
    return project
  }

  #command(name: string, program: string): void {
    writeFileSync(path.join(this.#folder, '.bin', name), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 })
  }

  write(name: string, text: string): void {
    const file = path.join(this.#folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, path.basename(name) === CONFIG_FILE ? this.#onFreePorts(text) : text)
  }

  /**
   * The first listener and the port of streams stay where they are; a second listener has the port of `PUBLIC_URL`. A second engine has a port
   * of its own, and finds the first one.
   */
  #onFreePorts(text: string): string {
    return text
      .replace('ws://127.0.0.1:49134', this.#env['III_URL'] ?? 'ws://127.0.0.1:49134')
      .replace('port: 49135', `port: ${this.#secondPort}`)
      .replace('port: 49134', 'port: 0')
      .replace('port: 3112', 'port: 0')
      .replace('port: 3111', `port: ${this.#publicPort}`)
  }

  /** The command with the ports of this project. */
  #there(command: string): string {
    return command
      .replace('127.0.0.1:3111', `127.0.0.1:${this.#publicPort}`)
      .replace('127.0.0.1:49135', `127.0.0.1:${this.#secondPort}`)
      .replace(/\b4800\b/, String(this.#registryPort))
  }

  run(command: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn('sh', ['-c', this.#there(command)], { cwd: this.#folder, env: this.#env, timeout: COMMAND_MS })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
  }

  /** Starts a worker and waits until the engine lists one more function of any worker, also of one whose id has a provider. */
  async startWorker(command: string): Promise<void> {
    if (command.startsWith('iii registry serve')) return void (await this.#startUntil(command, 'Serving '))
    const before = await this.#providedFunctions()
    this.#spawn(command)
    const deadline = performance.now() + COMMAND_MS
    while ((await this.#providedFunctions()) === before) {
      if (performance.now() > deadline) throw new Error(`'${command}' registered nothing within ${COMMAND_MS} ms`)
    }
  }

  async #providedFunctions(): Promise<number> {
    const { stdout } = await this.run('iii workers list --json')
    const { workers } = JSON.parse(stdout) as { workers: { function_count: number }[] }
    return workers.reduce((sum, { function_count }) => sum + function_count, 0)
  }

  /** Resolves with what it has said by then. */
  #startUntil(command: string, sign: string): Promise<string> {
    const child = this.#spawn(command)
    let output = ''
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`'${command}' did not say '${sign}' in time:\n${output}`)),
        COMMAND_MS,
      )
      const look = (text: string) => {
        output += text
        if (!output.includes(sign)) return
        clearTimeout(deadline)
        resolve(output)
      }
      child.stdout?.setEncoding('utf8').on('data', look)
      child.stderr?.setEncoding('utf8').on('data', look)
      child.once('exit', (code) => reject(new Error(`'${command}' ended with ${code}:\n${output}`)))
    })
  }

  #spawn(command: string): ChildProcess {
    // `exec`, so that the signal at the end reaches the program and not a shell around it.
    const child = spawn('sh', ['-c', `exec ${this.#there(command)}`], { cwd: this.#folder, env: this.#env })
    this.#children.push(child)
    return child
  }

  async close(): Promise<void> {
    // Workers first: an engine that goes first only makes them complain.
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The packages of this checkout, and this one as if it had been installed. */
function linkPackages(modules: string): void {
  mkdirSync(path.join(modules, 'iii-host'), { recursive: true })
  for (const name of readdirSync(path.join(ROOT, 'node_modules')))
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name))
  const exported = {
    '.': 'index.ts',
    './plugin': 'sdk/plugin.ts',
    './kit': 'kit/index.ts',
    './testing': 'testing/index.ts',
    './sdk': 'sdk/node.ts',
    './browser': 'sdk/browser.ts',
  }
  for (const [name, source] of Object.entries(exported)) {
    const file = path.join(ROOT, source)
    // Bundlers know no URLs of files.
    const text = `export * from ${JSON.stringify(['./browser', './sdk'].includes(name) ? file : pathToFileURL(file).href)}\n`
    writeFileSync(path.join(modules, 'iii-host', fileOf(name)), text)
  }
  const exports = Object.fromEntries(Object.keys(exported).map((name) => [name, `./${fileOf(name)}`]))
  const manifest = { name: 'iii-host', type: 'module', exports }
  writeFileSync(path.join(modules, 'iii-host', 'package.json'), JSON.stringify(manifest))
}

function fileOf(exported: string): string {
  return `${exported === '.' ? 'index' : path.basename(exported)}.mjs`
}
