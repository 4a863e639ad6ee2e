// Operations on files alone, as the command line runs them where there is no engine; and what they take back when an engine refuses.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { add } from '../../../plugins/worker-ops/operations/add.ts'
import type { EngineSide, OperationDeps } from '../../../plugins/worker-ops/operations/deps.ts'
import { list } from '../../../plugins/worker-ops/operations/list.ts'
import { remove } from '../../../plugins/worker-ops/operations/remove.ts'
import { start } from '../../../plugins/worker-ops/operations/start.ts'
import { status } from '../../../plugins/worker-ops/operations/status.ts'
import { stop } from '../../../plugins/worker-ops/operations/stop.ts'
import { projectAt } from '../../../plugins/worker-ops/project.ts'
import { operationsWithoutEngine } from '../../../plugins/worker-ops/without-engine.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const CONFIG = '# mine\nworkers:\n  - name: iii-cron # every hour\n'

function project(text = CONFIG): { readonly deps: OperationDeps; readonly file: string; config(): string } {
  const root = tempFolder()
  const file = join(root, 'iii-config.yaml')
  writeFileSync(file, text)
  mkdirSync(join(root, 'hello'))
  writeFileSync(join(root, 'hello/iii.worker.yaml'), 'name: hello\nscripts: { install: "", start: node x }\n')
  const installer = () => Promise.reject(new Error('no installer is needed'))
  const deps = operationsWithoutEngine(projectAt(root, file), { log: collectingLog(), env: { HOME: root }, installer })
  return { deps, file, config: () => readFileSync(file, 'utf8') }
}

test('without an engine a worker is added to the file, listed as stopped, and removed again', async () => {
  const { deps, file, config } = project()
  expect(await add({ source: './hello', wait: true }, deps)).toEqual({
    name: 'hello',
    status: 'installed',
    awaited_ready: false,
    config_path: file,
  })
  expect(config()).toBe(`${CONFIG}  - name: hello\n    worker_path: ${join(deps.project.root, 'hello')}\n`)
  expect(await list({}, deps)).toEqual({
    workers: [
      { name: 'iii-cron', running: false, status: 'stopped', pid: null },
      { name: 'hello', running: false, status: 'stopped', pid: null },
    ],
  })
  expect(await status({ name: 'hello' }, deps)).toMatchObject({
    installed: true,
    worker_type: 'local',
    hint: expect.stringContaining('engine is not running'),
  })
  expect(await remove({ names: ['hello'], yes: true }, deps)).toEqual({ removed: ['hello'] })
  expect(config()).toBe(CONFIG)
})

test('without an engine nothing is started or stopped', async () => {
  const { deps } = project()
  await expect(start({ name: 'hello' }, deps)).rejects.toMatchObject({
    text: expect.stringContaining('engine is not running'),
  })
  await expect(stop({ name: 'hello', yes: true }, deps)).rejects.toMatchObject({
    text: expect.stringContaining('engine is not running'),
  })
})

test.each([
  ['workers: [', 'W131', 'line 1'],
  ['workers: 3\n', 'W131', 'something else than a list'],
  ['a: 1\na: 2\n', 'W131', 'line 2'],
])('a file of %j is not changed: %s', async (text, code, reason) => {
  const { deps, config } = project(text)
  await expect(add({ source: './hello' }, deps)).rejects.toMatchObject({ code, text: expect.stringContaining(reason) })
  expect(config()).toBe(text)
})

test.each([
  '',
  '# nothing\n',
  'workers:\n',
  'workers: []\n',
  'workers: # all\n  # - name: x\n',
  'engine: { drain_ms: 1 }\n',
])('a file of %j gets its first worker', async (text) => {
  const { deps, config } = project(text)
  await add({ source: './hello' }, deps)
  expect(config()).toMatch(/workers:.*\n(?: *#.*\n)* *- name: hello\n/)
  for (const comment of text.match(/#.*/g) ?? []) expect(config()).toContain(comment)
})

test('a file that is gone is W130', async () => {
  const { deps } = project()
  const gone = { ...deps, project: projectAt(deps.project.root, join(deps.project.root, 'gone.yaml')) }
  await expect(add({ source: './hello' }, gone)).rejects.toMatchObject({ code: 'W130' })
})

test('what an engine refuses is taken back', async () => {
  const { deps, config } = project()
  const seen: string[] = []
  const engine: EngineSide = {
    workers: {
      list: () => [],
      get: () => undefined,
      start() {},
      stop: async () => {},
      ready: async () => 'ready',
      ended: async () => {},
      forgetInstallation: async () => {},
      install: async () => {},
    },
    reload: async () => {
      seen.push(config())
      return seen.length === 1 ? 'the port is in use' : undefined
    },
    problem: async () => undefined,
    connected: async () => [],
    plugins: async () => new Map(),
    readyMs: 1,
    port: undefined,
  }
  await expect(add({ source: './hello' }, { ...deps, engine })).rejects.toMatchObject({
    code: 'W131',
    text: expect.stringContaining('the port is in use. What was changed has been taken back.'),
  })
  expect(seen).toEqual([expect.stringContaining('name: hello'), CONFIG])
  expect(config()).toBe(CONFIG)
  const odd = async (): Promise<string> => 'line 3 is odd'
  const broken = { ...engine, problem: odd, reload: odd }
  await expect(add({ source: './hello' }, { ...deps, engine: broken })).rejects.toMatchObject({
    code: 'W131',
    text: expect.stringContaining('line 3 is odd. Correct it first; nothing was changed.'),
  })
  await expect(remove({ names: ['iii-cron'], yes: true }, { ...deps, engine: broken })).rejects.toMatchObject({
    code: 'W131',
    text: expect.stringContaining('line 3 is odd. What was changed has been taken back.'),
  })
  expect(config()).toBe(CONFIG)
})
