// An engine with a registry in a folder of its project, whose workers are small programs over the unmodified SDK.
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RegistryFolder, type PublishedWorker } from '../../../support/worker-registry-folder.ts'
import { OpsFolder } from '../ops-folder.ts'
import { storedIn } from './installing-scene.ts'

const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

export class RegistryScene extends OpsFolder {
  readonly registry = new RegistryFolder(join(this.dir, '.iii', 'registry'))
  readonly lockFile = join(this.dir, 'iii.lock')

  constructor() {
    super()
    symlinkSync(NODE_MODULES, join(this.dir, 'node_modules'))
  }

  /** A bundle that registers `<name>::say` and `<name>::pid`. */
  publish({ said = 'one', sdk = 'iii-sdk', ...worker }: PublishedWorker & { said?: string; sdk?: string }): string {
    const { name } = worker
    const program = `import { registerWorker } from '${sdk}'
const iii = registerWorker(process.env.III_URL, { workerName: process.env.III_WORKER_NAME })
iii.registerFunction('${name}::say', async () => '${said}')
iii.registerFunction('${name}::pid', async () => process.pid)
iii.registerFunction('${name}::env', async ({ name }) => process.env[name] ?? null)
`
    return this.registry.publish({
      manifest: 'scripts: { start: node index.mjs }',
      files: [{ name: 'index.mjs', content: program }],
      functions: [`${name}::say`],
      ...worker,
    })
  }

  addFromRegistry(name: string, more: object = {}): Promise<any> {
    return this.call('worker::add', { source: { kind: 'registry', name }, wait: true, ...more })
  }

  get lock(): string | undefined {
    return existsSync(this.lockFile) ? readFileSync(this.lockFile, 'utf8') : undefined
  }

  /** Files of installed workers. */
  stored(): string[] {
    return storedIn(join(this.dir, '.iii', 'workers'))
  }
}
