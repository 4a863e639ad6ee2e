// Whatever of one plugin's code takes its time: the changes of other plugins are made meanwhile.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testHost, type TestHost } from './test-host.ts'

type Moment = 'import' | 'start' | 'stop' | 'drain' | 'reconfigure'

/** Hangs at one moment of its life, from the time that `DIR/hang` is there until `DIR/go` is. */
const slow = (dir: string, at: Moment): string => `import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { definePlugin } from 'iii-host/plugin'
const hang = async () => {
  if (!existsSync('${dir}/hang')) return
  writeFileSync('${dir}/hangs', '')
  while (!existsSync('${dir}/go')) await setTimeout(2)
}
${at === 'import' ? 'await hang()' : ''}
export default definePlugin({
  name: 'slow',
  config: { type: 'object', properties: { text: { type: 'string' } } },
  async start({ iii }) {
    ${at === 'start' ? 'await hang()' : ''}
    iii.registerFunction('slow::hang', hang)
    return { ${at === 'stop' ? 'stop: hang,' : ''} ${at === 'reconfigure' ? 'reconfigure: hang,' : ''} }
  },
})
`

const good = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: 'good',
  config: { type: 'object', properties: { text: { type: 'string' } } },
  start({ iii, config }) {
    iii.registerFunction('good::greet', () => config.text ?? 'fine')
    iii.registerFunction('good::exit', () => process.exit(3))
  },
})
`

const LONG = { drain_ms: 60_000, start_ms: 60_000, stop_ms: 60_000 }

async function hanging(at: Moment): Promise<{ host: TestHost; isOver: () => boolean; go: () => Promise<unknown> }> {
  const host = testHost({ engine: LONG })
  const marker = (name: string): string => join(host.folder, name)
  host.write('plugins/slow.ts', slow(host.folder, at))
  host.write('plugins/good.ts', good)
  await host.start({ name: 'slow' }, { name: 'good' })
  writeFileSync(marker('hang'), '')
  const call = at === 'drain' ? host.call('slow::hang') : undefined
  if (at === 'drain') await expect.poll(() => existsSync(marker('hangs'))).toBe(true)
  // Other code, so that it is imported anew.
  host.write('plugins/slow.ts', `${slow(host.folder, at)}// two`)
  let isOver = false
  const change =
    at === 'reconfigure'
      ? host.apply({ name: 'slow', config: { text: 'new' } }, { name: 'good' })
      : host.host.reload('slow')
  void change.finally(() => (isOver = true))
  if (at === 'drain') await expect.poll(async () => (await host.row('slow')).state).toBe('draining')
  else await expect.poll(() => existsSync(marker('hangs'))).toBe(true)
  return {
    host,
    isOver: () => isOver,
    async go() {
      writeFileSync(marker('go'), '')
      await call
      return change
    },
  }
}

test.each<Moment>(['import', 'start', 'stop', 'drain', 'reconfigure'])(
  'a plugin that hangs in its %s keeps no other from being reloaded, stopped, started or started again',
  async (at) => {
    const { host, isOver, go } = await hanging(at)
    expect(await host.host.reload('good')).toMatchObject({ generation: 2 })
    expect(await host.host.stopPlugin('good')).toMatchObject({ state: 'stopped' })
    expect(await host.host.startPlugin('good')).toMatchObject({ state: 'running' })
    await expect(host.call('good::exit')).rejects.toMatchObject({ code: 'invocation_stopped' })
    expect(await host.call('good::greet')).toBe('fine')
    expect(await host.host.applySettings('good', { text: 'set' })).toBe('generation')
    expect(isOver()).toBe(false)
    await go()
    expect(await host.row('slow')).toMatchObject({ state: 'running' })
  },
)

test.each<Moment>(['import', 'start', 'stop', 'drain'])(
  'nor, while it hangs in its %s, a saved configuration that does not touch it from coming into force',
  async (at) => {
    const { host, isOver, go } = await hanging(at)
    const changed = await host.apply({ name: 'slow' }, { name: 'good', config: { text: 'changed' } })
    expect(changed).toMatchObject({ applied: true, reloaded: ['good'] })
    expect(await host.call('good::greet')).toBe('changed')
    expect(isOver()).toBe(false)
    expect(await go()).toMatchObject({ generation: 2 })
  },
)

test('a configuration that touches it waits for it, and what touches only others does not', async () => {
  const { host, isOver, go } = await hanging('stop')
  const both = host.apply({ name: 'slow', config: { text: 'new' } }, { name: 'good', config: { text: 'changed' } })
  expect(await host.host.reload('good')).toMatchObject({ generation: 2 })
  expect(isOver()).toBe(false)
  await go()
  expect(await both).toMatchObject({ applied: true, reloaded: ['good', 'slow'] })
})

test('at the end the others are stopped although one hangs in a change, which is not waited for', async () => {
  const host = testHost({ engine: { ...LONG, stop_ms: 200 } })
  host.write('plugins/slow.ts', slow(host.folder, 'start'))
  const stopped = join(host.folder, 'stopped')
  host.write(
    'plugins/good.ts',
    `import { writeFileSync } from 'node:fs'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'good', start: () => ({ stop: () => writeFileSync('${stopped}', '') }) })`,
  )
  await host.start({ name: 'slow' }, { name: 'good' })
  writeFileSync(join(host.folder, 'hang'), '')
  const change = host.host.reload('slow').catch(({ code }: { code: string }) => code)
  await expect.poll(() => existsSync(join(host.folder, 'hangs'))).toBe(true)
  await host.host.close()
  expect(existsSync(stopped)).toBe(true)
  expect(await change).toBe('PLUGIN_START_FAILED')
})

test('what starts in the shared thread does not wait for one that blocks it', async () => {
  const host = testHost({ engine: LONG, stalls: { stalledMs: 1_000, checkEveryMs: 20 } })
  const blocking = `import { existsSync } from 'node:fs'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'blocking', isolation: 'shared', start({ iii }) {
  iii.registerFunction('blocking::block', () => {
    const cell = new Int32Array(new SharedArrayBuffer(4))
    while (!existsSync('${join(host.folder, 'go')}')) Atomics.wait(cell, 0, 0, 2)
  })
} })`
  host.write('plugins/blocking.ts', blocking)
  host.write('plugins/good.ts', good.replace("name: 'good',", "name: 'good', isolation: 'shared',"))
  await host.start({ name: 'blocking' })
  const call = host.call('blocking::block')
  await expect.poll(async () => (await host.row('blocking')).state, { timeout: 5_000 }).toBe('stalled')
  expect(await host.apply({ name: 'blocking' }, { name: 'good' })).toMatchObject({ started: ['good'] })
  expect(await host.call('good::greet')).toBe('fine')
  writeFileSync(join(host.folder, 'go'), '')
  await call
})

test('a saved file does not wait for a refused configuration that is tried again because of it and hangs', async () => {
  const host = testHost({ engine: LONG, watch: true, debounceMs: 10 })
  const broken = slow(host.folder, 'start').replace('await hang()', "await hang(); throw new Error('not yet')")
  host.write('plugins/slow.ts', broken)
  host.write('plugins/good.ts', good)
  await host.start({ name: 'good' })
  expect(await host.apply({ name: 'good' }, { name: 'slow' })).toMatchObject({ applied: false })
  writeFileSync(join(host.folder, 'hang'), '')
  host.forgetEvents()
  host.write('plugins/good.ts', good.replace("'fine'", "'saved'"))
  await expect.poll(() => existsSync(join(host.folder, 'hangs')), { timeout: 5_000 }).toBe(true)
  await host.event('reloaded', 'good')
  expect(await host.call('good::greet')).toBe('saved')
  expect(await host.row('slow')).toMatchObject({ state: 'starting' })
  writeFileSync(join(host.folder, 'go'), '')
  await host.event('stale', 'slow')
})

test.each(['comes up', 'fails'])(
  'what is started beside a plugin that it requires waits until that %s',
  async (how) => {
    const host = testHost({ engine: LONG })
    const fail =
      how === 'fails' ? "await hang(); if (existsSync(dir + '/go')) throw new Error('not today')" : 'await hang()'
    host.write(
      'plugins/slow.ts',
      slow(host.folder, 'start').replace('await hang()', fail.replace('dir +', `'${host.folder}' +`)),
    )
    host.write(
      'plugins/after.ts',
      `import { writeFileSync } from 'node:fs'
import { definePlugin } from 'iii-host/plugin'
writeFileSync('${host.folder}/imported', '')
export default definePlugin({ name: 'after', requires: ['slow'], async start({ iii }) {
  await iii.trigger({ function_id: 'slow::hang', payload: {} })
} })`,
    )
    await host.start({ name: 'slow' }, { name: 'after' })
    for (const name of ['after', 'slow']) await host.host.stopPlugin(name)
    rmSync(join(host.folder, 'imported'))
    writeFileSync(join(host.folder, 'hang'), '')
    const starts = [host.host.startPlugin('slow'), host.host.startPlugin('after')]
    const outcomes = Promise.allSettled(starts)
    await expect.poll(() => existsSync(join(host.folder, 'imported')), { timeout: 5_000 }).toBe(true)
    writeFileSync(join(host.folder, 'go'), '')
    await outcomes
    const state = how === 'fails' ? 'failed' : 'running'
    expect([(await host.row('slow')).state, (await host.row('after')).state]).toEqual([state, state])
    if (how === 'fails')
      expect((await host.row('after')).error).toContain("requires the plugin 'slow', which can't start")
  },
)
