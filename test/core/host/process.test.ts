// Plugins in processes of their own: what they may do, and how their end is told.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { greeter, testHost } from './test-host.ts'

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'an answer',
    (error: unknown) => error,
  )

const PROCESS = `import { readFileSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'apart', isolation: 'process', start({ iii, dataDir }) {
  iii.registerFunction('apart::pid', () => process.pid)
  iii.registerFunction('apart::read', ({ path }) => readFileSync(path, 'utf8'))
  iii.registerFunction('apart::keep', ({ text }) => { writeFileSync(dataDir + '/kept', text); return readFileSync(dataDir + '/kept', 'utf8') })
  iii.registerFunction('apart::spawn', () => execFileSync(process.execPath, ['--version']).toString())
  iii.registerFunction('apart::connect', ({ port }) => new Promise((resolve, reject) => {
    connect(port, '127.0.0.1').on('error', (error) => reject(new Error(error.code))).on('connect', () => resolve('open'))
  }))
  iii.registerFunction('apart::throw', () => new Promise(() => { setImmediate(() => { throw new Error('uncaught in a process') }) }))
  iii.registerFunction('apart::grow', () => { const kept = []; for (;;) kept.push(new Array(1_000_000).fill(kept.length)) })
} })
`

describe('isolation: process', () => {
  test('runs outside, reloads, and is stopped with the engine', async () => {
    const host = testHost()
    host.write('plugins/apart.ts', PROCESS)
    await host.start({ name: 'apart' })
    const pid = await host.call('apart::pid')
    expect(pid).not.toBe(process.pid)
    expect(await host.row('apart')).toMatchObject({
      isolation: 'process',
      thread: pid,
      memory_bytes: expect.any(Number),
    })
    await host.host.reload('apart')
    expect(await host.call('apart::pid')).not.toBe(pid)
    expect(() => process.kill(pid as number, 0)).toThrow('ESRCH')
  })

  test('an uncaught error and a kill are told apart, and both are followed by a restart', async () => {
    const host = testHost()
    host.write('plugins/apart.ts', PROCESS)
    await host.start({ name: 'apart' })
    expect(await failure(host.call('apart::throw'))).toMatchObject({ code: 'invocation_stopped' })
    const pid = (await host.call('apart::pid')) as number
    expect(await host.row('apart')).toMatchObject({ last_crash: { code: 'ERROR', message: 'uncaught in a process' } })
    host.forgetEvents()
    process.kill(pid, 'SIGKILL')
    await host.event('reloaded')
    expect(await host.call('apart::pid')).not.toBe(pid)
    expect(await host.row('apart')).toMatchObject({
      restarts: 2,
      last_crash: { code: 'SIGNAL', message: expect.stringContaining('SIGKILL') },
    })
  })

  test('permissions keep it inside its folders, off the network and without children', async () => {
    const host = testHost()
    mkdirSync(join(host.folder, 'images'))
    writeFileSync(join(host.folder, 'images', 'a.txt'), 'allowed')
    writeFileSync(join(host.folder, 'secret.txt'), 'secret')
    host.write('plugins/apart.ts', PROCESS)
    const permissions = { fs_read: ['./images'], fs_write: [], net: false, child_process: false }
    expect((await host.start({ name: 'apart', isolation: 'process', permissions })).failed).toEqual([])
    expect(await host.call('apart::read', { path: join(host.folder, 'images', 'a.txt') })).toBe('allowed')
    expect(await host.call('apart::keep', { text: 'own' })).toBe('own')
    expect(await failure(host.call('apart::read', { path: join(host.folder, 'secret.txt') }))).toMatchObject({
      code: 'invocation_failed',
      message: expect.stringContaining('permission'),
    })
    expect(await failure(host.call('apart::spawn'))).toMatchObject({ message: expect.stringContaining('permission') })
    expect(await failure(host.call('apart::connect', { port: 9 }))).toMatchObject({
      message: expect.stringMatching(/ERR_ACCESS_DENIED|permission/),
    })
  })

  test('that allocates without end is ended alone; all else answers meanwhile', async () => {
    const host = testHost()
    host.write('plugins/apart.ts', PROCESS)
    host.write('plugins/good.ts', greeter('good', 'fine'))
    await host.start({ name: 'apart', memoryMb: 300 }, { name: 'good' })
    const growing = failure(host.call('apart::grow'))
    const state = { over: false }
    void growing.then(() => (state.over = true))
    let answers = 0
    while (!state.over) {
      expect(await host.call('good::greet')).toBe('fine')
      answers += 1
    }
    expect(await growing).toMatchObject({ code: 'invocation_stopped' })
    expect(answers).toBeGreaterThan(0)
    expect(await host.call('apart::pid')).toEqual(expect.any(Number))
    expect((await host.row('apart')).last_crash?.code).toBe('MEMORY')
  })
})

test('who asks for its figures while they are asked for gets them too', async () => {
  const host = testHost()
  host.write('plugins/apart.ts', greeter('apart', 'fine', `isolation: 'process',`))
  await host.start({ name: 'apart' })
  const rows = await Promise.all([host.row('apart'), host.row('apart')])
  expect(rows.map(({ memory_bytes: bytes }) => bytes > 0)).toEqual([true, true])
})
