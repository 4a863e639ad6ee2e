// An engine that is killed in the middle of an installation: nothing half-installed is there afterwards, and a second try succeeds.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { registerWorker } from 'iii-sdk'
import { expect, it, onTestFinished } from 'vitest'
import { engineFolder, type EngineFolder } from '../../../support/engine-process.ts'
import { bundleOf, RegistryFolder, sha256Of } from '../../../support/worker-registry-folder.ts'
import { storedIn } from '../../../plugins/worker-ops/install/installing-scene.ts'

const WORKER = { name: 'w', manifest: 'scripts: { start: "sleep 600" }' }
const FILES = Array.from({ length: 400 }, (_, n) => ({ name: `files/${n}`, content: `${n}` }))

interface Scene {
  readonly folder: EngineFolder
  readonly registry: RegistryFolder
  readonly workersDir: string
  config(): string
}

async function scene(): Promise<Scene> {
  const folder = await engineFolder('')
  onTestFinished(() => folder.remove())
  const workersDir = path.join(folder.dir, '.iii', 'workers')
  const config = () => readFileSync(path.join(folder.dir, 'iii-config.yaml'), 'utf8')
  return { folder, registry: new RegistryFolder(path.join(folder.dir, '.iii', 'registry')), workersDir, config }
}

async function add({ folder }: Scene): Promise<unknown> {
  const client = registerWorker(folder.url)
  onTestFinished(() => client.shutdown())
  return client.trigger({
    function_id: 'worker::add',
    payload: { source: { kind: 'registry', name: 'w' } },
    timeoutMs: 60_000,
  })
}

/** Kills an engine that has begun to install, starts another, and adds the worker once more. */
async function killedAndAgain(at: Scene, isTime: () => boolean): Promise<void> {
  const { folder, workersDir, config } = at
  const before = config()
  const engine = await folder.start()
  // Nobody will ever answer.
  void add(at).catch(() => {})
  await expect.poll(isTime, { interval: 1 }).toBe(true)
  await engine.kill()
  expect(config()).toBe(before)
  expect(existsSync(path.join(folder.dir, 'iii.lock'))).toBe(false)
  expect(existsSync(path.join(workersDir, 'w', '1.0.0'))).toBe(false)
  await folder.start()
  await expect.poll(() => storedIn(workersDir)).toEqual(['w'])
  expect(await add(at)).toMatchObject({ status: 'installed' })
  expect(storedIn(workersDir)).toContain('w/1.0.0/iii.worker.yaml')
  expect(readdirSync(path.join(workersDir, 'w'))).toEqual(['1.0.0'])
}

it('during the download', async () => {
  const at = await scene()
  const archive = bundleOf({ ...WORKER, files: FILES })
  let isHalf = false
  const server = createServer((_request, response) => {
    response.setHeader('content-length', archive.length)
    if (isHalf) return response.end(archive)
    return response.write(archive.subarray(0, archive.length / 2), () => (isHalf = true))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/w.tar.gz`
  at.registry.publish({ ...WORKER, artifact: { kind: 'bundle', url, sha256: sha256Of(archive) } })
  await killedAndAgain(at, () => isHalf && storedIn(at.workersDir).some((file) => file.endsWith('/archive')))
})

it('while it is unpacked', async () => {
  const at = await scene()
  at.registry.publish({ ...WORKER, files: FILES })
  await killedAndAgain(at, () => storedIn(at.workersDir).some((file) => file.includes('/package/files/')))
})
