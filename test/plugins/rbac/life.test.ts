// The worker `iii-rbac` in a whole engine: when it runs, and what connections get while it is reloaded, crashes, fails or is stopped:
// nobody is let in whom nobody decided on, and whoever is in keeps its rights (spec 04 B, design, "Trust").
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { EngineFolder, LISTENER, pluginFile } from '../../core/engine/running-engine.ts'
import { ROOT } from '../../repository/source-files.ts'
import { RawClient } from '../../support/raw-client.ts'

const publicListener = (rbac: string, more = ''): string =>
  `{ name: iii-worker-manager, config: { port: 0, rbac: ${rbac}${more} } }`
const EXPOSING = '{ expose_functions: [\'match("todos::*")\'] }'
const WITH_AUTH = '{ auth_function_id: gate::auth, expose_functions: [\'match("todos::*")\'] }'

/** The worker as it is, which crashes when it is asked to. */
const CRASHING = `import { definePlugin } from 'iii-host/plugin'
import rbac from '${path.join(ROOT, 'plugins/rbac/index.ts')}'
export default definePlugin({
  ...rbac,
  isolation: 'thread',
  start(context) {
    context.iii.registerFunction('test::crash', () => process.exit(7))
    return rbac.start(context)
  },
})
`

/** Why that is so stands in the log. */
const NOT_NOW = {
  code: 'AUTH_ERROR',
  message: 'this listener can not decide on connections at the moment; try again later',
}

interface PluginRow {
  readonly name: string
  readonly state: string
  readonly restarts: number
  readonly generation: number
}

async function rowOf(folder: EngineFolder): Promise<PluginRow | undefined> {
  const { plugins } = (await folder.engine.call('engine::plugins::list')) as { plugins: PluginRow[] }
  return plugins.find(({ name }) => name === 'iii-rbac')
}

/** A session that may call one function and not another, and a worker that provides both. */
async function inside(folder: EngineFolder): Promise<{ trusted: RawClient; session: RawClient }> {
  const trusted = await folder.connect({ name: 'trusted' })
  trusted.provide('secret::f', () => 'leaked')
  await trusted.provided('todos::list', () => ['milk'])
  const session = await folder.connect({ name: 'session', listener: 1 })
  return { trusted, session }
}

async function expectItsRights(session: RawClient): Promise<void> {
  expect((await session.call('todos::list', {})).result).toEqual(['milk'])
  expect((await session.call('secret::f', {})).error?.code).toBe('FORBIDDEN')
}

async function refusalOf(folder: EngineFolder): Promise<unknown> {
  const client = new RawClient(folder.url(1))
  const { code } = await client.closed
  expect(code).toBe(1008)
  expect(client.frames).toHaveLength(1)
  return client.frames[0]?.['error']
}

describe('it runs', () => {
  test.each([
    ['where a listener has the block and no entry names it', [publicListener(EXPOSING)], 'running'],
    ['by an entry with its name', [publicListener(EXPOSING), '{ name: iii-rbac, isolation: thread }'], 'running'],
    ['by an entry with its short name', [publicListener(EXPOSING), '{ name: rbac }'], 'running'],
    ['by an entry although no listener needs it', ['{ name: iii-rbac }'], 'running'],
  ])('%s', async (_where, entries, state) => {
    const folder = new EngineFolder()
    folder.configure(LISTENER, ...entries)
    await folder.start({ watch: false })
    expect(await rowOf(folder)).toMatchObject({ state })
  })

  test('nowhere else', async () => {
    const folder = new EngineFolder()
    folder.configure(LISTENER, `{ name: iii-worker-manager, enabled: false, config: { port: 0, rbac: ${EXPOSING} } }`)
    await folder.start({ watch: false })
    expect((await rowOf(folder))?.state).not.toBe('running')
  })

  test('and ends when the last listener with the block goes', async () => {
    const folder = new EngineFolder()
    folder.configure(LISTENER)
    await folder.start()
    folder.configure(LISTENER, publicListener(EXPOSING))
    await folder.logged('configuration reloaded')
    const { session } = await inside(folder)
    await expectItsRights(session)
    folder.configure(LISTENER)
    await folder.logged('configuration reloaded', 2)
    expect((await session.closed).code).toBe(1012)
    expect((await rowOf(folder))?.state).not.toBe('running')
  })
})

test('a changed block closes that listener’s sessions alone, and counts for those that come back', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, publicListener(EXPOSING), publicListener(EXPOSING, ', max_depth: 9'))
  await folder.start()
  const { trusted, session } = await inside(folder)
  const other = await folder.connect({ listener: 2 })
  folder.configure(
    LISTENER,
    publicListener('{ expose_functions: [\'match("secret::*")\'] }'),
    publicListener(EXPOSING, ', max_depth: 9'),
  )
  expect((await session.closed).code).toBe(1012)
  await folder.logged('configuration reloaded')
  await expectItsRights(other)
  await trusted.settled()
  const back = await folder.connect({ listener: 1 })
  expect((await back.call('todos::list', {})).error?.code).toBe('FORBIDDEN')
  expect((await back.call('secret::f', {})).result).toBe('leaked')
})

test('reloaded: connections that wait for their auth function are let in, sessions keep their rights', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, publicListener(WITH_AUTH))
  await folder.start({ watch: false })
  const gate = Promise.withResolvers<object>()
  const trusted = await folder.connect({ name: 'gate' })
  await trusted.provided('gate::auth', ({ query_params }: { query_params: { slow?: string[] } }) =>
    query_params.slow === undefined ? {} : gate.promise,
  )
  const { session } = await inside(folder)
  const waiting = new RawClient(`${folder.url(1)}/?slow`)
  await trusted.until(() => trusted.calls('gate::auth').length === 2, 'the question')
  const before = (await rowOf(folder))?.generation ?? 0
  const reloaded = folder.engine.call('engine::plugins::reload', { name: 'iii-rbac' })
  await expect.poll(async () => (await rowOf(folder))?.generation).toBeGreaterThan(before)
  await expectItsRights(session)
  await expectItsRights(await folder.connect({ listener: 1 }))
  expect(waiting.frames).toEqual([])
  gate.resolve({})
  await waiting.next('workerregistered')
  await reloaded
  await expectItsRights(session)
})

test('its auth function reloaded meanwhile: connections wait for the next generation of it', async () => {
  const folder = new EngineFolder()
  const authBy = (context: string): string =>
    pluginFile('gate', `iii.registerFunction('gate::auth', () => ({ function_registration_prefix: '${context}' }))`)
  folder.write('plugins/gate.ts', authBy('one'))
  folder.configure(LISTENER, publicListener(WITH_AUTH), '{ name: gate }')
  await folder.start({ watch: false })
  const prefixes = async (): Promise<unknown[]> => {
    const { sessions } = (await folder.engine.call('engine::sessions::list')) as { sessions: { prefix: string }[] }
    return sessions.map(({ prefix }) => prefix)
  }
  await folder.connect({ listener: 1 })
  folder.write('plugins/gate.ts', authBy('two'))
  const reloaded = folder.engine.call('engine::plugins::reload', { name: 'gate' })
  const meanwhile = await Promise.all(Array.from({ length: 20 }, () => folder.connect({ listener: 1 })))
  await reloaded
  await folder.connect({ listener: 1 })
  expect(meanwhile).toHaveLength(20)
  const all = await prefixes()
  expect([all[0], all.at(-1), all.length]).toEqual(['one', 'two', 22])
  expect(new Set(all)).toEqual(new Set(['one', 'two']))
})

test('crashed: connections wait until it is back, sessions keep their rights', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/iii-rbac.ts', CRASHING)
  folder.configure(LISTENER, publicListener(EXPOSING))
  await folder.start({ watch: false })
  const { trusted, session } = await inside(folder)
  expect((await trusted.call('test::crash', {})).error?.code).toBe('invocation_stopped')
  const meanwhile = folder.connect({ listener: 1 })
  await expectItsRights(session)
  await expectItsRights(await meanwhile)
  expect(await rowOf(folder)).toMatchObject({ state: 'running', restarts: 1 })
})

test('failed: nobody is let in, the port stays, and sessions keep their rights', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/iii-rbac.ts', CRASHING)
  folder.write(
    'iii-config.yaml',
    `engine: { crash_budget: 1 }\nworkers:\n  - ${LISTENER}\n  - ${publicListener(EXPOSING)}\n`,
  )
  await folder.start({ watch: false })
  const { trusted, session } = await inside(folder)
  expect((await trusted.call('test::crash', {})).error?.code).toBe('invocation_stopped')
  await expect.poll(async () => (await rowOf(folder))?.state).toBe('failed')
  expect(await refusalOf(folder)).toEqual(NOT_NOW)
  await expectItsRights(session)
  await folder.engine.call('engine::plugins::start', { name: 'iii-rbac' })
  await expectItsRights(await folder.connect({ listener: 1 }))
  await expectItsRights(session)
})

test('stopped by an operator: the same', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, publicListener(EXPOSING))
  await folder.start({ watch: false })
  const { session } = await inside(folder)
  await folder.engine.call('engine::plugins::stop', { name: 'iii-rbac' })
  expect(await refusalOf(folder)).toEqual(NOT_NOW)
  expect(await folder.logged('a worker was refused')).toMatchObject({
    reason: "no plugin holds the seat 'session-policy'",
  })
  await expectItsRights(session)
  await folder.engine.call('engine::plugins::start', { name: 'iii-rbac' })
  await expectItsRights(await folder.connect({ listener: 1 }))
})
