// Bridges and rights: sessions of this engine, and listeners of the other one that restrict what the bridge may do (spec 09 §4).
import { expect, test } from 'vitest'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { bridgeTo, untilProvided } from './bridged.ts'

const restricted = (rbac: object): string => JSON.stringify({ name: 'iii-worker-manager', config: { port: 0, rbac } })

test('a session calls bridge.invoke only where its rights name it, a wildcard does not reach it', async () => {
  const there = await startRemoteEngine([])
  await (await RawClient.connect(there.url)).provided('f', () => 1)
  for (const [expose, code] of [
    [['match("bridge.*")', 'match("*")'], 'FORBIDDEN'],
    [['match("bridge.invoke")'], undefined],
  ] as const) {
    const folder = new EngineFolder()
    folder.configure(LISTENER, restricted({ expose_functions: expose }), bridgeTo(there.url))
    await folder.start({ watch: false })
    const session = await folder.connect({ listener: 1 })
    expect((await session.call('bridge.invoke', { function_id: 'f' })).error?.code).toBe(code)
  }
})

async function restrictedRemote(rights: object, config: Readonly<Record<string, unknown>>) {
  const there = new EngineFolder()
  there.configure(LISTENER, restricted({ auth_function_id: 'gate::auth', expose_functions: ['match("open::*")'] }))
  await there.start({ watch: false })
  const far = await there.connect({ name: 'far' })
  await far.provided('gate::auth', () => rights)
  const here = new EngineFolder()
  here.configure(LISTENER, bridgeTo(there.url(1), config))
  await here.start({ watch: false })
  return { there, far, here, near: await here.connect({ name: 'near' }) }
}

test('functions that the other listener does not take are warned about, and calls go on', async () => {
  const { here, far, near } = await restrictedRemote(
    { allow_function_registration: false, allowed_functions: ['engine::functions::info'] },
    { expose: [{ local_function: 'a' }], forward: [{ local_function: 'f', remote_function: 'open::f' }] },
  )
  await far.provided('open::f', () => 1)
  expect(await here.logged('does not have functions that are exposed to it')).toMatchObject({
    level: 'warn',
    functions: ['a'],
  })
  expect((await near.call('f', {})).result).toBe(1)
})

test('a call that the other listener forbids fails with its code in the message', async () => {
  const { far, near } = await restrictedRemote({}, { forward: [{ local_function: 'f', remote_function: 'closed::f' }] })
  await far.provided('closed::f', () => 1)
  expect((await near.call('f', {})).error).toMatchObject({
    code: 'bridge_error',
    message: expect.stringMatching(/^remote error \(FORBIDDEN\): /) as string,
  })
})

test('a reserved id is refused by the other engine and warned about', async () => {
  const there = await startRemoteEngine([])
  const here = new EngineFolder()
  here.configure(
    LISTENER,
    bridgeTo(there.url, {
      expose: [{ local_function: 'a', remote_function: 'configuration::get' }, { local_function: 'b' }],
    }),
  )
  await here.start({ watch: false })
  expect(await here.logged('Registration of configuration::get rejected')).toMatchObject({ level: 'warn' })
  await untilProvided(await RawClient.connect(there.url), 'b')
})

test('an engine that does not let the bridge in is named in log and health', async () => {
  const there = new EngineFolder()
  there.configure(LISTENER, restricted({ auth_function_id: 'gate::auth' }))
  await there.start({ watch: false })
  const far = await there.connect({ name: 'far' })
  await far.provided('gate::auth', () => {
    throw new Error('who are you')
  })
  const here = new EngineFolder()
  here.configure(
    LISTENER,
    bridgeTo(there.url(1), { forward: [{ local_function: 'f', remote_function: 'f', timeout_ms: 500 }] }),
  )
  await here.start({ watch: false })
  expect(await here.logged('Cannot connect to the engine at')).toMatchObject({
    msg: expect.stringContaining('AUTH_ERROR') as string,
  })
  const near = await here.connect()
  expect((await near.call('f', {})).error).toMatchObject({
    code: 'bridge_error',
    message: expect.stringMatching(/^invocation timed out.*AUTH_ERROR/) as string,
  })
})
