// "Discover before you build", from end to end as a program goes it, by the unmodified SDKs over the bus: what is registered, what a registry
// has, what that is, adding it, calling it.
import { execFileSync } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { registerWorker } from 'iii-sdk'
import { registerWorker as registerOldWorker } from 'iii-sdk-0-11'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LAUNCHER } from '../../bin/run-cli.ts'
import { engineFolder, type EngineFolder } from '../../support/engine-process.ts'

const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url))
const SDKS = { '0.22': registerWorker, '0.11': registerOldWorker as unknown as typeof registerWorker }

let folder: EngineFolder
beforeAll(async () => {
  folder = await engineFolder('')
  // Packages are looked for in the folders above a worker that was installed: those of the project.
  await symlink(NODE_MODULES, path.join(folder.dir, 'node_modules'))
  for (const [version, name] of [
    ['0.22', 'image-resize'],
    ['0.11', 'image-rotate'],
  ] as const) {
    const verb = name.slice('image-'.length)
    await folder.write(
      `sources/${name}/iii.worker.yaml`,
      `name: ${name}\ndescription: Can ${verb} an image\nscripts:\n  start: node index.mjs\n`,
    )
    await folder.write(
      `sources/${name}/index.mjs`,
      `import { registerWorker } from '${version === '0.22' ? 'iii-sdk' : 'iii-sdk-0-11'}'
const iii = registerWorker(process.env.III_URL, { workerName: '${name}' })
iii.registerFunction('image::${verb}', async ({ width }) => ({ width, by: '${name}' }))
`,
    )
    await folder.write(`sources/${name}/README.md`, `# ${name}\n\nSends an image back that is ${verb}d.\n`)
    const env = { ...process.env, III_CONFIG_PATH: '', HOME: path.join(folder.dir, 'home') }
    execFileSync(process.execPath, [LAUNCHER, 'registry', 'publish', `sources/${name}`, '--release', '1.2.0'], {
      cwd: folder.dir,
      env,
    })
  }
  await folder.start({ env: { HOME: path.join(folder.dir, 'home'), OTEL_ENABLED: 'false' } })
}, 60_000)
afterAll(() => folder.remove())

describe.each([
  ['0.22', 'resize'],
  ['0.11', 'rotate'],
] as const)('with iii-sdk %s', (version, verb) => {
  it('a capability is found in the registry, added and called', { timeout: 60_000 }, async () => {
    const iii = SDKS[version](folder.url, { workerName: `agent-${version}`, invocationTimeoutMs: 120_000 })
    const call = async (function_id: string, payload: object): Promise<any> =>
      iii.trigger({ function_id, payload, timeoutMs: 120_000 })
    try {
      // The directory is there without being added.
      const { functions: directory } = await call('engine::functions::list', { prefix: 'directory::' })
      expect(directory.length).toBeGreaterThan(0)
      const source = { kind: 'registry', name: 'iii-directory' }
      expect(await call('worker::add', { source, wait: true })).toMatchObject({ status: 'already_current' })

      // 1. Nothing that is registered does it.
      const { functions: found } = await call('engine::functions::list', { search: verb })
      expect(found).toEqual([])

      // 2. A registry has something.
      const { workers, pagination } = await call('directory::registry::workers::list', { search: `image ${verb}` })
      expect(pagination.has_more).toBe(false)
      const { name } = workers[0]
      expect(name).toBe(`image-${verb}`)
      const { worker, readme } = await call('directory::registry::workers::info', { name })
      expect(worker).toMatchObject({ version: '1.2.0', type: 'bundle', description: `Can ${verb} an image` })
      expect(readme).toContain(`# ${name}`)

      // It can be called at once when the answer is there.
      const added = await call('worker::add', { source: { kind: 'registry', name }, wait: true })
      expect(added).toMatchObject({ name, version: '1.2.0', status: 'installed', awaited_ready: true })
      expect(await call(`image::${verb}`, { width: 100 })).toEqual({ width: 100, by: name })

      // Whoever comes next finds it in the first step.
      const { functions: now } = await call('engine::functions::list', { prefix: 'image::' })
      expect(now.map(({ function_id }: { function_id: string }) => function_id)).toContain(`image::${verb}`)
      expect(await call('worker::status', { name })).toMatchObject({
        running: true,
        worker_type: 'bundle',
        version: '1.2.0',
      })
    } finally {
      await iii.shutdown()
    }
  })
})
