// The object of a tick that is kept, so that full collections leave the shape of these objects.
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const MODULE = new URL('../../../base/process/keep-tick-shape.ts', import.meta.url).href

/** What a program prints that keeps a tick, and then runs `body`. */
function keeping(body: string): string {
  const script = `import { executionAsyncResource } from 'node:async_hooks'
    import { setImmediate as turn } from 'node:timers/promises'
    import { keepTickShape, kept } from ${JSON.stringify(MODULE)}
    keepTickShape()
    await turn()
    ${body}`
  const options = ['--expose-gc', '--allow-natives-syntax', '--input-type=module', '-e', script]
  return spawnSync(process.execPath, options, { encoding: 'utf8' }).stdout.trim()
}

test('what is kept is what Node makes for a tick, in the shape of those that follow a full collection', () => {
  const printed = keeping(`gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    process.nextTick(() => {
      const other = executionAsyncResource()
      console.log(other !== kept.tick, Object.keys(other).join(), %HaveSameMap(other, kept.tick))
    })`)
  expect(printed).toBe('true callback,args true')
})

test('one is enough', () => {
  const printed = keeping(`const { tick } = kept
    keepTickShape()
    await turn()
    console.log(tick !== undefined, kept.tick === tick)`)
  expect(printed).toBe('true true')
})
