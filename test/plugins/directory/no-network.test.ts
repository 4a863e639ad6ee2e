// Without a registry that somebody has named, nothing of the directory opens a connection or asks for an address (spec 05 check 27).
import dns from 'node:dns'
import { Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { WorkerRegistry } from '../../../kit/registry/worker-registry.ts'
import { putImageResize } from '../../kit/registry/registry-folder.ts'
import { openRegistry } from '../../kit/registry/open-registry.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { runDirectory, type DirectoryRun } from './run-directory.ts'

function watchNetwork(): { readonly connections: unknown[] } {
  const connections: unknown[] = []
  const refuse = (...args: unknown[]): never => {
    connections.push(args)
    throw new Error('a connection was opened')
  }
  vi.spyOn(Socket.prototype, 'connect').mockImplementation(refuse)
  vi.spyOn(dns, 'lookup').mockImplementation(refuse as never)
  vi.spyOn(globalThis, 'fetch').mockImplementation(refuse)
  return { connections }
}

const QUESTIONS: readonly (readonly [functionId: string, payload: object])[] = [
  ['directory::registry::workers::list', {}],
  ['directory::registry::workers::list', { search: 'image resize' }],
  ['directory::registry::workers::list', { search: 'zzz', cursor: 'MjA' }],
  ['directory::registry::workers::info', { name: 'image-resize' }],
  ['directory::registry::workers::info', { name: 'iii-state' }],
  ['directory::registry::workers::info', { name: 'nope', version: '^1' }],
  ['directory::search_functions', { capabilities: ['resize an image', 'send a mail'] }],
  ['directory::registry::settings', {}],
  ['directory::engine::functions::list', {}],
]

async function askAll({ call }: DirectoryRun): Promise<void> {
  for (const [functionId, payload] of QUESTIONS) await call(functionId, payload).catch(() => {})
}

test('no function of the directory does', async () => {
  const { connections } = watchNetwork()
  const run = await runDirectory()
  putImageResize(run.registry)
  await askAll(run)
  expect(connections).toEqual([])
})

test('no question to the registries does', async () => {
  const { connections } = watchNetwork()
  const { registry, folder } = openRegistry()
  putImageResize(folder)
  expect((await registry.release('image-resize')).version).toBe('1.2.0')
  expect(await registry.resolve('image-resize')).toHaveLength(2)
  expect((await registry.skills({ name: 'image-resize' })).skills).toHaveLength(1)
  const missing = [registry.release('nope'), registry.resolve('nope'), registry.skills({ name: 'nope' })]
  for (const { status } of await Promise.allSettled(missing)) expect(status).toBe('rejected')
  expect(connections).toEqual([])
})

test('with one that is named they do: the watch sees it', async () => {
  const remote = `http://127.0.0.1:${await unusedPort()}`
  const { connections } = watchNetwork()
  const run = await runDirectory({ registry_url: remote })
  await askAll(run)
  expect(connections.length).toBeGreaterThan(0)
  vi.mocked(globalThis.fetch).mockRestore()
  const settings = { projectRoot: '', folders: [], remote, timeoutMs: 1_000, cacheTtlMs: 0 }
  const before = connections.length
  const registry = new WorkerRegistry(settings, { log: { debug: () => {}, warn: () => {} }, engineWorkers: null })
  await expect(registry.list({})).rejects.toThrow('D320')
  expect(connections.length).toBeGreaterThan(before)
})
