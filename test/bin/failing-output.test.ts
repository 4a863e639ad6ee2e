// The engine and the commands while what they write goes nowhere: a full disk, a reader that has gone, one that has stopped reading.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { within } from '../support/deadline.ts'
import { lacks } from '../support/needs.ts'
import { RawClient } from '../support/raw-client.ts'
import { unusedPort } from '../support/unused-port.ts'
import { LAUNCHER } from './run-cli.ts'

let cwd: string
let port: number
let engine: ChildProcess | undefined
let opened: number[]
beforeEach(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iii-output-'))
  port = await unusedPort()
  writeFileSync(
    path.join(cwd, 'iii-config.yaml'),
    `workers:\n  - name: iii-worker-manager\n    config: { port: ${port} }\n`,
  )
  engine = undefined
  opened = []
})
afterEach(async () => {
  if (engine !== undefined && engine.exitCode === null && engine.signalCode === null) {
    engine.kill('SIGKILL')
    await once(engine, 'exit')
  }
  for (const fd of opened) closeSync(fd)
  rmSync(cwd, { recursive: true, force: true })
})

function start(stdio: StdioOptions, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return (engine = spawn(process.execPath, [LAUNCHER, 'start'], { cwd, stdio, env: { ...process.env, ...env } }))
}

function started(): Promise<unknown> {
  let output = ''
  return new Promise((resolve) => {
    engine!.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('Try next')) resolve(output)
    })
  })
}

/** Resolves when the engine can be connected to. */
async function listening(): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Has the engine write lines, as long as workers may write them, and calls answered after them. */
async function logAndCall(lines = 3): Promise<void> {
  const client = await RawClient.connect(`ws://127.0.0.1:${port}`)
  client.send('this is no JSON')
  for (let line = 0; line < lines; line++) {
    const data = { message: 'x'.repeat(8_000), data: 'y'.repeat(15_000) }
    expect((await client.call('engine::log::info', data)).error).toBeUndefined()
  }
  await client.close()
}

async function endsBy(signal: NodeJS.Signals): Promise<unknown> {
  const exit = once(engine!, 'exit')
  engine!.kill(signal)
  return (await within(8_000, 'the end of the engine', exit))[0]
}

const full = (): number => {
  const fd = openSync('/dev/full', 'w')
  opened.push(fd)
  return fd
}

it.skipIf(lacks('Linux'))('an engine whose log is on a full disk answers calls and ends (needs Linux)', async () => {
  start(['ignore', 'pipe', full()])
  await within(15_000, 'the start', started())
  await logAndCall()
  expect(await endsBy('SIGTERM')).toBe(0)
})

it.skipIf(lacks('Linux'))(
  'an engine whose start screen can not be written runs all the same (needs Linux)',
  async () => {
    const fd = full()
    start(['ignore', fd, fd])
    await within(15_000, 'the start', listening())
    await logAndCall()
    expect(await endsBy('SIGTERM')).toBe(0)
  },
)

it('an engine whose reader has gone answers calls and ends (needs Linux)', async () => {
  start(['ignore', 'pipe', 'pipe'])
  await within(15_000, 'the start', started())
  engine!.stdout!.destroy()
  engine!.stderr!.destroy()
  await logAndCall()
  expect(await endsBy('SIGTERM')).toBe(0)
})

it('an engine whose reader has stopped reading answers calls and ends, and says what is missing when it is read again', async () => {
  start(['ignore', 'pipe', 'pipe'])
  await within(15_000, 'the start', started())
  engine!.stderr!.pause()
  // Nearly twice what a log keeps for a slow reader.
  await logAndCall(80)
  let log = ''
  const told = new Promise<void>((resolve) => {
    engine!.stderr!.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      if (/"lines":\d+,"msg":"lines of the log are missing here/.test(log)) resolve()
    })
  })
  engine!.stderr!.resume()
  await within(8_000, 'a line about what is missing', told)
  engine!.stderr!.pause()
  await logAndCall(80)
  expect(await endsBy('SIGTERM')).toBe(0)
})

it('an engine whose reader has stopped reading goes on while plugins print, beside one in a process, and ends', async () => {
  const plugin = (name: string): string => `import { definePlugin } from 'iii-host/plugin'
    export default definePlugin({ name: '${name}', start({ iii }) {
      iii.registerFunction('${name}::print', () => {
        for (let line = 0; line < 20_000; line++) { console.log('x'.repeat(100)); console.error('x'.repeat(100)) }
      })
    } })`
  mkdirSync(path.join(cwd, 'plugins'))
  writeFileSync(path.join(cwd, 'plugins', 'printer.ts'), plugin('printer'))
  writeFileSync(path.join(cwd, 'plugins', 'apart.ts'), plugin('apart'))
  writeFileSync(
    path.join(cwd, 'iii-config.yaml'),
    `workers:\n  - name: iii-worker-manager\n    config: { port: ${port} }\n` +
      '  - name: printer\n  - name: apart\n    isolation: process\n',
  )
  start(['ignore', 'pipe', 'pipe'])
  await within(15_000, 'the start', started())
  engine!.stdout!.pause()
  const client = await RawClient.connect(`ws://127.0.0.1:${port}`)
  for (let round = 0; round < 2; round++) {
    expect((await within(8_000, 'an answer', client.call('printer::print'))).error).toBeUndefined()
  }
  expect((await within(8_000, 'an answer', client.call('engine::health::check'))).error).toBeUndefined()
  await client.close()
  expect(await endsBy('SIGTERM')).toBe(0)
})

it.skipIf(lacks('POSIX'))(
  'an engine that was started by nohup stays when the terminal goes (needs POSIX)',
  async () => {
    start(['ignore', 'pipe', 'pipe'], { _: '/usr/bin/nohup' })
    await within(15_000, 'the start', started())
    engine!.kill('SIGHUP')
    await logAndCall()
    expect(await endsBy('SIGTERM')).toBe(0)
  },
)

it.skipIf(lacks('POSIX'))('another one ends in order (needs POSIX)', async () => {
  start(['ignore', 'pipe', 'pipe'], { _: '', III_SIGHUP: 'end' })
  await within(15_000, 'the start', started())
  expect(await endsBy('SIGHUP')).toBe(0)
})

it.skipIf(lacks('Linux'))('a command whose result can not be written fails and says so (needs Linux)', async () => {
  const child = spawn(process.execPath, [LAUNCHER, '--help'], { stdio: ['ignore', full(), 'pipe'] })
  let said = ''
  child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
  expect((await once(child, 'close'))[0]).toBe(1)
  expect(said).toMatch(/^Error: the output could not be written: ENOSPC.*\n$/)
})
