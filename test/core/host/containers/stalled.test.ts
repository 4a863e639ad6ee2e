// A plugin whose loop stands still is shown as stalled, although nobody calls it, and ended in the end.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Isolation } from '../../../../sdk/plugin.ts'
import { greeter, testHost, type TestHost } from '../test-host.ts'

const NEVER = 600_000

/** `still::block`, which has been read when it blocks its thread, does so until `DIR/go` is there; `still::busy` keeps its loop busy until then, and reads. */
const still = (dir: string): string => `import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { definePlugin } from 'iii-host/plugin'
const cell = new Int32Array(new SharedArrayBuffer(4))
export default definePlugin({ name: 'still', start({ iii }) {
  iii.registerFunction('still::block', async () => {
    await setTimeout(20)
    while (!existsSync('${dir}/go')) Atomics.wait(cell, 0, 0, 2)
    return 'done'
  })
  iii.registerFunction('still::busy', () => new Promise((resolve) => {
    const until = performance.now() + 1_200
    const turn = () => (performance.now() > until ? resolve('done') : setImmediate(turn))
    turn()
  }))
} })
`

async function standing(isolation: Isolation, crashMs: number, stalledMs = 100): Promise<TestHost> {
  const host = testHost({ stalls: { stalledMs, crashMs, checkEveryMs: 20 } })
  host.write('plugins/still.ts', still(host.folder))
  host.write('plugins/good.ts', greeter('good', 'fine'))
  await host.start({ name: 'still', isolation }, { name: 'good' })
  return host
}

test.each<Isolation>(['thread', 'shared', 'process'])(
  'in a place of its kind (%s) it is stalled while it reads nothing, and runs again when it does',
  async (isolation) => {
    const host = await standing(isolation, NEVER)
    const call = host.call('still::block')
    await expect.poll(async () => (await host.row('still')).state).toBe('stalled')
    expect(await host.row('still')).toMatchObject({ stalled_since: expect.stringMatching(/^\d{4}-.*Z$/) })
    // On a machine that is busy the other one stands still for moments, too.
    await expect
      .poll(() => host.host.troubles)
      .toEqual([expect.stringMatching(/^still: stalled since .*: its thread or process reads nothing$/)])
    await expect.poll(async () => (await host.row('good')).state).toBe('running')
    writeFileSync(join(host.folder, 'go'), '')
    expect(await call).toBe('done')
    await expect
      .poll(async () => {
        const { state, stalled_since: since } = await host.row('still')
        return { state, since }
      })
      .toEqual({ state: 'running', since: undefined })
    await expect.poll(() => host.host.troubles).toEqual([])
  },
)

test('it is ended as a crash, and its caller is told why', async () => {
  const host = await standing('thread', 300)
  await expect(host.call('still::block')).rejects.toMatchObject({
    code: 'invocation_stopped',
    message: expect.stringMatching(
      /^Invocation stopped: plugin 'still' crashed \(STALLED\): it read nothing for \d+ ms$/,
    ),
  })
  await host.event('reloaded', 'still')
  expect(await host.row('still')).toMatchObject({ state: 'running', last_crash: { code: 'STALLED' } })
})

test('one whose loop is busy all the time and reads is not', async () => {
  const host = await standing('thread', 3_000, 1_000)
  expect(await host.call('still::busy')).toBe('done')
  expect(host.lines.join('')).not.toContain("'still' is stalled")
  expect(await host.row('still')).toMatchObject({ restarts: 0 })
})
