// A project with an engine that runs workers, and the workers: small programs over the unmodified SDK.
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Engine, StartOptions } from '../../../index.ts'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'

const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url))

export interface Envelope {
  readonly type: string
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, any>>
}

/** The code of an error that was expected, with its envelope. */
export interface Refusal extends Envelope {
  readonly wireCode: string
}

export class OpsFolder extends EngineFolder {
  readonly configFile = join(this.dir, 'iii-config.yaml')

  /** @param more of the configuration, behind the listener */
  async begin(more = '', options: StartOptions = {}): Promise<Engine> {
    this.write('iii-config.yaml', `# top\nworkers:\n  # the listener\n  - ${LISTENER}\n${more}`)
    return this.start(options)
  }

  get config(): string {
    return readFileSync(this.configFile, 'utf8')
  }

  async call(functionId: string, data: unknown = {}): Promise<any> {
    return this.engine.call(functionId, data, { timeoutMs: 60_000 })
  }

  /** Of a call that must fail. */
  async refusal(functionId: string, data: unknown): Promise<Refusal> {
    const error = await this.call(functionId, data).then(
      (answer) => {
        throw new Error(`${functionId} did not fail, but answered ${JSON.stringify(answer)}`)
      },
      (thrown: { code: string; message: string }) => thrown,
    )
    const text = error.message.slice(error.message.indexOf('{'))
    return { wireCode: error.code, ...(JSON.parse(text) as Envelope) }
  }

  /** A worker that registers `<name>::pid` and `<name>::say`. */
  worker(name: string, { said = 'one', manifest = '', before = '', sdk = 'iii-sdk', folder = name } = {}): string {
    this.write(
      `${folder}/iii.worker.yaml`,
      `name: ${name}\nscripts:\n  install: ""\n  start: node index.mjs\n${manifest}`,
    )
    this.program(folder, name, said, { before, sdk })
    symlinkSync(NODE_MODULES, join(this.dir, folder, 'node_modules'))
    return `./${folder}`
  }

  program(folder: string, name: string, said: string, { before = '', sdk = 'iii-sdk' } = {}): void {
    this.write(
      `${folder}/index.mjs`,
      `${before}
import { registerWorker } from '${sdk}'
const iii = registerWorker(process.env.III_URL, { workerName: process.env.III_WORKER_NAME })
iii.registerFunction('${name}::pid', async () => process.pid)
iii.registerFunction('${name}::say', async () => '${said}')
iii.registerFunction('${name}::env', async ({ name }) => process.env[name] ?? null)
`,
    )
  }

  add(path: string, more: object = {}): Promise<any> {
    return this.call('worker::add', { source: { kind: 'local', path }, wait: true, ...more })
  }

  async row(name: string): Promise<any> {
    const { workers } = await this.call('worker::list')
    return workers.find((row: { name: string }) => row.name === name)
  }
}
