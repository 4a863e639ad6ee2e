// A change of the set of listeners in its two phases: what can't be had is refused before anything is touched (spec 04 A.8).
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { plainEntry } from '../../../core/config/instance-ids.ts'
import type { WorkerEntry } from '../../../core/config/types.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { RawClient } from '../../support/raw-client.ts'
import { listenerEntry, startCore } from '../../support/test-core.ts'

test('A new address is bound before the commit and asks those who come to come back', async () => {
  const core = await startCore()
  const port = await unusedPort()
  const change = await core.prepare([listenerEntry({}), listenerEntry({ port }, 1)])
  expect(change.problems).toEqual([])
  await expect(new RawClient(`ws://127.0.0.1:${port}`).opened()).rejects.toThrow('HTTP 503')
  expect(core.listeners.all).toHaveLength(1)
  await change.commit()
  expect((await core.connect({ listener: 1 })).workerId).not.toBe('')
})

test('What was bound for a change that is discarded is free again, and nobody has noticed', async () => {
  const core = await startCore()
  const worker = await core.connect()
  const port = await unusedPort()
  const change = await core.prepare([listenerEntry({ max_depth: 9 }), listenerEntry({ port }, 1)])
  await change.discard()
  await listening(port)
  await worker.settled()
  expect(core.listeners.all).toHaveLength(1)
})

test('A port that cannot be had is a problem that names listener, code and address, and nothing is touched', async () => {
  const core = await startCore()
  const worker = await core.connect()
  const port = await listening()
  const change = await core.prepare([listenerEntry({ max_depth: 9 }), listenerEntry({ port }, 1)])
  expect(change.problems).toEqual([
    {
      subject: "listener 'iii-worker-manager#1'",
      code: 'address_unavailable',
      message: `address 127.0.0.1:${port} is already in use: stop the other process, or set another 'port' for iii-worker-manager`,
    },
  ])
  await change.discard()
  await worker.settled()
})

test('A changed listener keeps its port without a moment in which nobody answers, also one that the system chose', async () => {
  const core = await startCore()
  const worker = await core.connect()
  const { port } = core.listener()
  const change = await core.prepare([listenerEntry({ max_depth: 9 })])
  // It serves as it was until the commit.
  await worker.settled()
  await core.connect()
  const committed = change.commit()
  const next = await core.connect()
  expect(await worker.closed).toEqual({ code: 1012, reason: 'service restart' })
  await committed
  expect(core.listener().port).toBe(port)
  expect(core.listener().config.max_depth).toBe(9)
  await next.settled()
})

test('Two listeners swap their ports', async () => {
  const [a, b] = [await unusedPort(), await unusedPort()]
  const core = await startCore({
    listeners: [
      { port: a, max_depth: 7 },
      { port: b, max_depth: 8 },
    ],
  })
  await core.listen([listenerEntry({ port: b, max_depth: 7 }), listenerEntry({ port: a, max_depth: 8 }, 1)])
  expect(core.listeners.all.map(({ port, config }) => [port, config.max_depth])).toEqual([
    [b, 7],
    [a, 8],
  ])
  for (const listener of [0, 1]) await core.connect({ listener })
})

test('A listener moves to another host with the same port', async () => {
  const port = await unusedPort()
  const core = await startCore({ listeners: [{ port }] })
  const worker = await core.connect()
  await core.listen([listenerEntry({ port, host: '0.0.0.0' })])
  expect((await worker.closed).code).toBe(1012)
  await RawClient.connect(`ws://127.0.0.1:${port}`)
})

test('When it cannot move there in the end it serves where it was', async () => {
  const port = await unusedPort()
  const core = await startCore({ listeners: [{ port }] })
  // Another process has the port on another address of this machine: all interfaces can't be had.
  await listening(port, '127.0.0.2')
  const change = await core.prepare([listenerEntry({ port, host: '0.0.0.0' })])
  change.release()
  await expect(change.commit()).rejects.toThrow(`0.0.0.0:${port} is already in use`)
  expect((await core.connect()).workerId).not.toBe('')
})

test('A port that a listener gives up is free for others before the commit, and comes back with a discard', async () => {
  const port = await unusedPort()
  const core = await startCore({ listeners: [{ port }, {}] })
  const change = await core.prepare([listenerEntry({})])
  change.release()
  const other = net.createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  other.close()
  await once(other, 'close')
  await change.discard()
  expect((await core.connect()).workerId).not.toBe('')
})

test('A listener whose port was taken meanwhile is closed, and opened by the next change', async () => {
  const port = await unusedPort()
  const core = await startCore({ listeners: [{ port }, {}] })
  const worker = await core.connect()
  const change = await core.prepare([listenerEntry({})])
  change.release()
  const other = net.createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  await change.discard()
  expect((await worker.closed).code).toBe(1012)
  expect(core.listeners.all).toHaveLength(1)
  expect(core.logged('error')[0]?.msg).toContain('could not be opened again')
  other.close()
  await once(other, 'close')
  await core.listen([listenerEntry({ port }), listenerEntry({}, 1)])
  expect((await core.connect()).workerId).not.toBe('')
})

test.each([
  ['says that it listens on', {}],
  ['has in its settings', { port: 0 }],
])('A port that a plugin %s and gives up in the same change is bound at the commit', async (_what, marker) => {
  const port = await unusedPort()
  const plugin = pluginEntry('port' in marker ? { port } : {})
  const core = await startCore({ addressesOf: () => ('port' in marker ? [] : [`ws://127.0.0.1:${port}`]) })
  await core.listen([listenerEntry({}), plugin])
  const held = net.createServer().listen(port, '127.0.0.1')
  await once(held, 'listening')
  const change = await core.prepare([listenerEntry({}), listenerEntry({ port }, 1)])
  expect(change.problems).toEqual([])
  held.close()
  await once(held, 'close')
  await change.commit()
  expect((await core.connect({ listener: 1 })).workerId).not.toBe('')
})

test('A port that a plugin keeps is refused at once', async () => {
  const port = await listening()
  const core = await startCore()
  await core.listen([listenerEntry({}), pluginEntry({ port })])
  const change = await core.prepare([listenerEntry({}), listenerEntry({ port }, 1), pluginEntry({ port })])
  expect(change.problems).toMatchObject([{ code: 'address_unavailable' }])
  await change.discard()
})

// ── seats ────────────────────────────────────────────────────────────────────────────────────────────────────────────

test("A listener with 'rbac' is refused at once while nobody decides about sessions", async () => {
  const core = await startCore()
  const change = await core.prepare([listenerEntry({}), listenerEntry({ rbac: {} }, 1)])
  expect(change.problems).toMatchObject([{ subject: "listener 'iii-worker-manager#1'", code: 'AUTH_ERROR' }])
  expect(change.problems[0]?.message).toContain("no plugin holds the seat 'session-policy'")
  await change.discard()
})

test('It is opened when a plugin of the same change takes the seat, and refused when none does', async () => {
  const core = await startCore()
  const entries = [listenerEntry({}), listenerEntry({ rbac: {} }, 1), pluginEntry({})]
  const without = await core.prepare(entries)
  expect(without.problems).toEqual([])
  await expect(without.commit()).rejects.toThrow("no plugin holds the seat 'session-policy'")
  expect(core.listeners.all).toHaveLength(1)
  const change = await core.prepare(entries)
  core.seat('session-policy', () => ({}))
  await change.commit()
  expect(core.listeners.all).toHaveLength(2)
})

function pluginEntry(config: Readonly<Record<string, unknown>>): WorkerEntry {
  return { instanceId: 'some-plugin', ...plainEntry('some-plugin'), config, origin: '(test)' }
}

/** Somebody else listens there. */
async function listening(port = 0, host = '127.0.0.1'): Promise<number> {
  const server = net.createServer().listen(port, host)
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
