// Wherever plugins run, and in the router's thread, the shape of ticks is kept.
import { setImmediate as turn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { kept } from '../../../../base/process/keep-tick-shape.ts'
import { startEngine } from '../../../../core/engine.ts'
import { createLog } from '../../../../core/log.ts'
import { testHost } from '../test-host.ts'

const MODULE = new URL('../../../../base/process/keep-tick-shape.ts', import.meta.url).href

test.each(['thread', 'process'])('in a %s of plugins', async (isolation) => {
  const host = testHost()
  host.write(
    'plugins/ticking.ts',
    `import { definePlugin } from 'iii-host/plugin'
    export default definePlugin({ name: 'ticking', isolation: '${isolation}', start({ iii }) {
      iii.registerFunction('ticking::kept', async ({ module }) => Object.keys((await import(module)).kept.tick))
    } })`,
  )
  await host.start({ name: 'ticking' })
  expect(await host.call('ticking::kept', { module: MODULE })).toEqual(['callback', 'args'])
})

test('in the thread that starts an engine', async () => {
  // Test files share a process, and an earlier engine may have kept one.
  delete kept.tick
  const engine = await startEngine({
    config: { workers: [] },
    log: createLog({ level: 'error', pretty: false, write: () => {} }),
  })
  onTestFinished(() => engine.close())
  await turn()
  expect(Object.keys(kept.tick!)).toEqual(['callback', 'args'])
})
