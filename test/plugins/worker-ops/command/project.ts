// A project as its user has it in a terminal: a folder, the engine as a process, the CLI in this one or as processes.
import { mkdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'
import { runCli, type CliOptions, type CliResult } from '../../../bin/run-cli.ts'
import { runHere, type Outcome } from '../../../bin/run-here.ts'
import { engineFolder, LISTENER_PORT, type EngineFolder, type EngineProcess } from '../../../support/engine-process.ts'

const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

export class TerminalProject {
  readonly folder: EngineFolder
  readonly env: NodeJS.ProcessEnv

  private constructor(folder: EngineFolder, env: NodeJS.ProcessEnv) {
    this.folder = folder
    this.env = env
  }

  /** Removed when the test is over, with all that runs in it; `until: 'all'`: by whoever opens it. */
  static async open({
    env = {},
    until = 'one',
  }: { env?: NodeJS.ProcessEnv; until?: 'one' | 'all' } = {}): Promise<TerminalProject> {
    const folder = await engineFolder('')
    const home = path.join(folder.dir, 'home')
    await mkdir(home)
    const quiet = { III_URL: '', III_CONFIG_PATH: '', III_API_URL: '', III_REGISTRY_PATH: '', OTEL_ENABLED: 'false' }
    await folder.write(
      'iii-config.yaml',
      `workers:\n  - name: iii-worker-manager\n    config:\n      port: ${LISTENER_PORT}\n`,
    )
    const project = new TerminalProject(folder, { ...quiet, HOME: home, ...env })
    if (until === 'one') onTestFinished(() => project.remove())
    return project
  }

  get dir(): string {
    return this.folder.dir
  }

  remove(): Promise<void> {
    return this.folder.remove()
  }

  start(): Promise<EngineProcess> {
    return this.folder.start({ env: this.env })
  }

  /** In the folder of the project, as a process. */
  cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    return runCli(args, { cwd: this.dir, ...options, env: { ...this.terminal(), ...options.env } })
  }

  /** A command of `iii worker` on this project, in this process, which is much quicker. */
  async iii(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    for (const [name, value] of Object.entries({ ...this.terminal(), ...env })) vi.stubEnv(name, value)
    const ownConfig = ['start', 'restart'].includes(args[0] ?? '') ? '-c' : '--config'
    return await runHere(['worker', ...args, ownConfig, path.join(this.dir, 'iii-config.yaml')])
  }

  /** Of a command; the port of the engine is where its file says. */
  terminal(): NodeJS.ProcessEnv {
    return { ...this.env, ...this.#port() }
  }

  #port(): NodeJS.ProcessEnv {
    try {
      return { III_TEST_PORT: String(this.folder.port) }
    } catch {
      // It has not been started yet.
      return {}
    }
  }

  /** The folder of a worker that registers `<name>::say` and prints what a test tells it to. */
  async worker(name: string, more = ''): Promise<string> {
    await this.folder.write(
      `${name}/iii.worker.yaml`,
      `name: ${name}\nscripts:\n  install: ""\n  start: node index.mjs\n`,
    )
    await this.folder.write(
      `${name}/index.mjs`,
      `import { registerWorker } from 'iii-sdk'
const iii = registerWorker(process.env.III_URL, { workerName: '${name}' })
iii.registerFunction('${name}::say', async () => 'hello')
iii.registerFunction('${name}::print', async ({ lines, error }) => {
  for (let index = 0; index < lines; index++) (error ? console.error : console.log)('line ' + index + ' ' + 'x'.repeat(100))
})
console.log('${name} runs')
${more}
`,
    )
    await symlink(NODE_MODULES, path.join(this.dir, name, 'node_modules'))
    return path.join(this.dir, name)
  }
}
