// A thread that is blocked outside of JavaScript can't be ended: it is abandoned, and nobody waits for it.
import { expect, test } from 'vitest'
import { settlesWithin } from '../../../../base/time/deadline.ts'
import { greeter, testHost, type TestHost } from '../test-host.ts'

/** As long as the thread is blocked; what is not to wait for it has to be over well before. */
const BLOCKED_MS = 5_000

const blocked = `import { execSync } from 'node:child_process'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'blocked', start({ iii }) {
  iii.registerFunction('blocked::block', () => execSync('sleep ${BLOCKED_MS / 1_000}').toString())
  iii.registerFunction('blocked::greet', () => 'free')
} })
`

async function blocking(
  options: Parameters<typeof testHost>[0] = {},
): Promise<{ host: TestHost; call: Promise<unknown> }> {
  const host = testHost({ endMs: 100, ...options, engine: { stop_ms: 100, drain_ms: 60_000, ...options.engine } })
  host.write('plugins/blocked.ts', blocked)
  host.write('plugins/good.ts', greeter('good', 'fine'))
  await host.start({ name: 'blocked' }, { name: 'good' })
  const call = host.call('blocked::block').catch((error: unknown) => error)
  await expect.poll(() => host.router.slots.get('blocked')?.inFlight).toBe(1)
  return { host, call }
}

test('a forced reload fails its calls at once and gets a new thread, while the old one is named and counted', async () => {
  const { host, call } = await blocking()
  const before = await host.row('blocked')
  expect(before).not.toHaveProperty('abandoned')
  const reload = host.host.reload('blocked', { force: true })
  expect(await settlesWithin(reload, BLOCKED_MS / 2)).toBe(true)
  expect(await reload).toMatchObject({ generation: 2 })
  expect(await call).toMatchObject({ code: 'invocation_stopped' })
  expect(await host.call('blocked::greet')).toBe('free')
  expect(await host.row('blocked')).toMatchObject({ abandoned: 1, state: 'running' })
  expect((await host.row('blocked')).thread).not.toBe(before.thread)
  expect(host.host.abandoned).toHaveLength(1)
  expect(host.lines.join('')).toContain(`thread ${before.thread} of plugin 'blocked' does not end within 100 ms`)
})

test('it is counted no more once it has ended after all', async () => {
  const { host } = await blocking()
  await host.host.reload('blocked', { force: true })
  expect(host.host.abandoned).toHaveLength(1)
  await expect.poll(() => host.host.abandoned, { timeout: BLOCKED_MS * 2 }).toEqual([])
  expect(await host.row('blocked')).not.toHaveProperty('abandoned')
  expect(host.lines.join('')).toContain('has ended after all')
})

test('neither the turns of other plugins nor the end of the host wait for it', async () => {
  const { host } = await blocking()
  const over = Promise.all([host.host.stopPlugin('blocked', { force: true }), host.host.reload('good')])
  expect(await settlesWithin(over, BLOCKED_MS / 2)).toBe(true)
  expect(await settlesWithin(host.host.close(), BLOCKED_MS / 2)).toBe(true)
})

test('a plugin that is stalled in it is ended as a crash and starts again meanwhile', async () => {
  const { host, call } = await blocking({ stalls: { stalledMs: 50, crashMs: 200, checkEveryMs: 20 } })
  const behind = host.call('blocked::greet').catch((error: unknown) => error)
  expect(await settlesWithin(call, BLOCKED_MS / 2)).toBe(true)
  expect(await behind).toMatchObject({ code: 'invocation_stopped' })
  expect(await host.call('blocked::greet')).toBe('free')
  expect(await host.row('blocked')).toMatchObject({ abandoned: 1, restarts: 1, last_crash: { code: 'STALLED' } })
})

test('the processes that it has started end with it, whether or not its thread does', async () => {
  const host = testHost({ endMs: 100, engine: { stop_ms: 100 } })
  const spawning = blocked.replace(
    'start({ iii }) {',
    `start({ iii, processes }) {
  iii.registerFunction('blocked::spawn', async () => (await processes.start({ name: 'child', command: 'sleep', args: ['60'] })).pid)`,
  )
  host.write('plugins/blocked.ts', spawning)
  await host.start({ name: 'blocked' })
  const pid = (await host.call('blocked::spawn')) as number
  const call = host.call('blocked::block').catch(() => {})
  await expect.poll(() => host.router.slots.get('blocked')?.inFlight).toBe(1)
  await host.host.stopPlugin('blocked', { force: true })
  await call
  expect(host.host.abandoned).toHaveLength(1)
  await expect.poll(() => isAlive(pid)).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
