// SDKs that put the namespace of their worker on every call it makes: the built-in workers, which live in `default`, answer all the same
// (spec 01 §13).
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engineFolder, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import { lacks } from '../support/needs.ts'
import { RawClient } from '../support/raw-client.ts'
import { pythonEnvironment, type PythonEnvironment, SDK_VERSIONS } from './python-environment.ts'
import { CRATE_VERSIONS, rustWorkers } from './rust-environment.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

const NAMESPACE = 'shop'
const BUILD_MS = 600_000
const workers: WorkerProcess[] = []
let environment: PythonEnvironment
let folder: EngineFolder
let engine: EngineProcess
let client: RawClient

beforeAll(async () => {
  environment = await pythonEnvironment(SDK_VERSIONS.at(-1)!)
  folder = await engineFolder(
    '  - name: iii-state\n  - { name: iii-stream, config: { port: 0 } }\n' +
      '  - { name: iii-queue, config: { queue_configs: { python: {}, rust: {} } } }\n',
  )
  engine = await folder.start({ args: ['--no-watch'] })
}, BUILD_MS)

beforeEach(async () => {
  client = await RawClient.connect(folder.url, { name: 'tester' })
})

afterAll(async () => {
  for (const worker of workers) await worker.kill()
  expect(await engine.stop()).toBe(0)
  await folder.remove()
  await environment.remove()
})

async function run(command: string, args: readonly string[], id: string): Promise<void> {
  workers.push(startWorker(command, args, { III_NAMESPACE: NAMESPACE }))
  await expect
    .poll(async () => (await inNamespace(id, { a: 1, b: 2, value: 1 })).error?.code, { timeout: 30_000 })
    .toBeUndefined()
}

const inNamespace = (functionId: string, data: unknown) => client.call(functionId, data, { namespace: NAMESPACE })

describe(`Python ${SDK_VERSIONS.at(-1)}`, () => {
  beforeEach((context) => {
    if (environment.python === undefined) context.skip(environment.reason)
  })

  it('reaches state from its namespace, and lives there alone', async () => {
    await run(environment.python!, [fileURLToPath(new URL('python/worker.py', import.meta.url)), folder.url], 'py::add')
    const { result } = await inNamespace('py::state', { scope: 'python-shop' })
    expect((result as unknown[])[1]).toEqual({ old_value: null, new_value: { n: 1, text: 'é✓' } })
    expect((await client.call('py::add', { a: 1, b: 2 })).error).toMatchObject({ code: 'function_not_found' })
    const { result: receipt } = await inNamespace('py::enqueue', { queue: 'python', payload: { id: 'job' } })
    expect(receipt).toEqual({ messageReceiptId: expect.any(String) })
    await expect
      .poll(async () => (await inNamespace('py::seen_jobs', { id: 'job' })).result)
      .toMatchObject([{ data: { id: 'job' } }])
  })
})

describe.skipIf(lacks('cargo'))(`Rust ${CRATE_VERSIONS.at(-1)} (needs cargo)`, () => {
  it(
    'reaches state from its namespace, and lives there alone',
    async () => {
      const program = (await rustWorkers())(CRATE_VERSIONS.at(-1)!)
      await run(program, [folder.url], 'rs::add')
      const payload = { scope: 'rust-shop', key: 'k', value: 1 }
      const { result } = await inNamespace('rs::call', { function_id: 'state::set', payload })
      expect(result).toEqual({ ok: { old_value: null, new_value: 1 } })
      expect((await client.call('rs::add', { a: 1, b: 2 })).error).toMatchObject({ code: 'function_not_found' })
      const job = { function_id: 'rs::note', payload: { id: 'job' }, action: 'enqueue', queue: 'rust' }
      expect((await inNamespace('rs::call', job)).result).toEqual({ ok: { messageReceiptId: expect.any(String) } })
      await expect
        .poll(async () => (await inNamespace('rs::noted', {})).result)
        .toContainEqual(expect.objectContaining({ id: 'job' }))
    },
    BUILD_MS,
  )
})
