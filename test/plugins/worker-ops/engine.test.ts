// Workers and the life of a whole engine: none outlives it, however it ends, and the next one brings them back.
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { runCli } from '../../bin/run-cli.ts'
import { engineFolder, type EngineFolder } from '../../support/engine-process.ts'
import { isAlive } from '../../support/process-alive.ts'

const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url))
const TEN = { timeout: 10_000 }

/** A worker that has a child of its own, and one that does not hear SIGTERM if it is to be so. */
async function project({ isDeaf = false } = {}): Promise<EngineFolder> {
  const folder = await engineFolder('  - name: hello\n    worker_path: ./hello\n')
  onTestFinished(() => folder.remove())
  await folder.write('hello/iii.worker.yaml', 'name: hello\nscripts: { install: "", start: node index.mjs & wait }\n')
  await folder.write(
    'hello/index.mjs',
    `import { spawn } from 'node:child_process'
import { registerWorker } from 'iii-sdk'
${isDeaf ? "process.on('SIGTERM', () => {})" : ''}
const child = spawn('sleep', ['1000'])
const iii = registerWorker(process.env.III_URL, { workerName: 'hello' })
iii.registerFunction('hello::pids', async () => [process.pid, process.ppid, child.pid])
`,
  )
  symlinkSync(NODE_MODULES, join(folder.dir, 'hello/node_modules'))
  return folder
}

async function pidsOf(folder: EngineFolder): Promise<readonly number[]> {
  const client = await RawClient.connect(folder.url)
  let pids: readonly number[] = []
  await expect
    .poll(async () => {
      const { result } = await client.call('hello::pids', {})
      pids = (result ?? []) as readonly number[]
      return pids.length
    }, TEN)
    .toBe(3)
  await client.close()
  return pids
}

test('an engine that is killed leaves no process of a worker behind, and the next one brings it back', async () => {
  const folder = await project()
  const engine = await folder.start()
  const pids = await pidsOf(folder)
  await engine.kill()
  await expect.poll(() => pids.some(isAlive), TEN).toBe(false)
  await folder.start()
  const next = await pidsOf(folder)
  expect(next).not.toEqual(pids)
})

test('an engine that is told to end takes its workers along, also those that do not hear, within 12 seconds', async () => {
  const folder = await project({ isDeaf: true })
  const engine = await folder.start()
  const pids = await pidsOf(folder)
  const began = performance.now()
  expect(await engine.stop()).toBe(0)
  expect(pids.some(isAlive)).toBe(false)
  expect(performance.now() - began).toBeLessThan(12_000)
  expect(engine.output()).not.toContain('did not stop cleanly')
}, 30_000)

test('a worker is started once with the engine', async () => {
  const folder = await project()
  const engine = await folder.start({ env: { III_LOG: 'debug' } })
  await pidsOf(folder)
  expect(engine.output().match(/process 'hello' started/g)).toHaveLength(1)
})

test('a worker that was stopped by hand is back with the next start of the engine', async () => {
  const folder = await project()
  const engine = await folder.start()
  const pids = await pidsOf(folder)
  const client = await RawClient.connect(folder.url)
  expect(await client.call('worker::stop', { name: 'hello', yes: true })).toMatchObject({ result: { stopped: true } })
  expect(pids.some(isAlive)).toBe(false)
  await client.close()
  await engine.stop()
  await folder.start()
  expect(await pidsOf(folder)).toHaveLength(3)
})

test('with --strict-config workers of the configuration run, also where the start is the first thing that asks', async () => {
  const folder = await project()
  const engine = await folder.start({ args: ['--strict-config'] })
  expect(await pidsOf(folder)).toHaveLength(3)
  expect(engine.output()).not.toContain('is not started')
})

test('iii config check has nothing against workers that the engine would run', async () => {
  const folder = await project()
  const { code, stdout, stderr } = await runCli(['config', 'check', '--strict-config'], { cwd: folder.dir })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('no errors')
})
