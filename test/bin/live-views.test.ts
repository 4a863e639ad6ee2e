// `iii logs` and `iii watch`: what they ask the engine for, what they print, and how they end.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import picocolors from 'picocolors'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { logLine } from '../../bin/commands/logs.ts'
import { eventLine } from '../../bin/commands/watch.ts'
import { within } from '../support/deadline.ts'
import { FakeEngine, type Answer } from './fake-engine.ts'
import { LAUNCHER, runCli } from './run-cli.ts'

const LOGS = 'engine::logs::tail'
const EVENTS = 'engine::events::tail'
const plain = picocolors.createColors(false)

let engine: FakeEngine
let following: ChildProcess | undefined
beforeAll(async () => {
  engine = await FakeEngine.start()
})
afterAll(() => engine[Symbol.asyncDispose]())
afterEach(async () => {
  engine.frames.length = 0
  if (following !== undefined && following.exitCode === null && following.signalCode === null) {
    following.kill('SIGKILL')
    await once(following, 'exit')
  }
  following = undefined
})

const record = (body: string, more: object = {}) => ({
  timestamp_unix_nano: Date.parse('2026-06-01T12:34:56.789Z') * 1_000_000,
  severity_text: 'INFO',
  body,
  trace_id: null,
  attributes: { worker: 'w' },
  ...more,
})

/** Answers one after the other; the last one for ever. */
function answersInTurn(functionId: string, ...answers: Answer[]): void {
  engine.answers.set(functionId, () => (answers.length > 1 ? answers.shift()! : answers[0]!))
}

const page = (member: string, next: number, ...entries: object[]): Answer => ({
  result: { [member]: entries, next, missed: 0 },
})
const asked = (): unknown[] => engine.frames.map(({ data }) => data)

function follow(...args: string[]): ChildProcess {
  return (following = spawn(process.execPath, [LAUNCHER, ...args, ...engine.at], { stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** Resolves when the output has the text. */
function printed(child: ChildProcess, text: string): Promise<string> {
  let output = ''
  const seen = new Promise<string>((resolve) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(text)) resolve(output)
    })
  })
  return within(10_000, `'${text}' in the output`, seen)
}

describe('iii logs', () => {
  it('shows all lines that the engine keeps, oldest first, and ends', async () => {
    answersInTurn(LOGS, page('logs', 2, record('one'), record('two', { severity_text: 'WARN', trace_id: 't1' })))
    const { code, stdout } = await runCli(['logs', ...engine.at])
    expect(stdout).toBe('12:34:56.789 info  [w] one\n12:34:56.789 warn  [w] two trace_id=t1\n')
    expect([code, asked()]).toEqual([0, [{ limit: 1_000 }]])
  })

  it('hands its filters on', async () => {
    answersInTurn(LOGS, page('logs', 0))
    const args = ['--tail', '5', '--level', 'warn', '--worker', 'billing', '--since', '2026-06-01T00:00:00Z']
    expect(await runCli(['logs', ...args, ...engine.at])).toMatchObject({ code: 0, stdout: '' })
    expect(asked()).toEqual([
      { limit: 5, severity_min: 13, worker: 'billing', start_time: Date.parse('2026-06-01T00:00:00Z') },
    ])
  })

  it('prints a JSON object a line with --json', async () => {
    answersInTurn(LOGS, page('logs', 2, record('a\nb'), record('c')))
    const { stdout } = await runCli(['logs', '--json', ...engine.at])
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([record('a\nb'), record('c')])
  })

  it('goes on from where it was, says what it missed, and ends cleanly with Ctrl-C', async () => {
    answersInTurn(
      LOGS,
      page('logs', 7, record('old')),
      { result: { logs: [record('new')], next: 12, missed: 4 } },
      'silence',
    )
    const child = follow('logs', '-f')
    let complaint = ''
    child.stderr!.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    await printed(child, 'new')
    const exit = once(child, 'close')
    child.kill('SIGINT')
    expect(await within(5_000, 'the end', exit)).toEqual([0, null])
    expect(complaint).toBe('(4 missed: they came faster than they were shown)\n')
    expect(asked().slice(0, 2)).toEqual([{ limit: 1_000 }, { after: 7, limit: 500, wait_ms: 25_000 }])
  })

  it('says so when the engine goes', async () => {
    answersInTurn(LOGS, page('logs', 1, record('old')), 'hang-up')
    const { code, stderr } = await runCli(['logs', '-f', ...engine.at])
    expect([code, stderr]).toEqual([1, expect.stringContaining('was closed')])
  })

  it('asks for no more while nobody reads what it prints', async () => {
    engine.answers.set(LOGS, page('logs', 1, ...Array.from({ length: 200 }, () => record('x'.repeat(1_000)))))
    const child = follow('logs', '-f')
    await within(10_000, 'output', once(child.stdout!, 'readable'))
    engine.answers.set('engine::workers::list', { result: { workers: [] } })
    await runCli(['workers', ...engine.at])
    expect(engine.frames.filter(({ function_id }) => function_id === LOGS).length).toBeLessThan(10)
  })

  it('ends when its reader has gone', async () => {
    engine.answers.set(LOGS, page('logs', 1, record('x')))
    const child = follow('logs', '-f')
    await within(10_000, 'output', once(child.stdout!, 'data'))
    const exit = once(child, 'exit')
    child.stdout!.destroy()
    expect(await within(10_000, 'the end', exit)).toEqual([0, null])
  })

  it('refuses a number of lines that is none', async () => {
    const { code, stderr } = await runCli(['logs', '--tail', 'some', ...engine.at])
    expect([code, stderr]).toEqual([2, expect.stringContaining("--tail takes a whole number or all, not 'some'")])
  })

  it('lets no line steer the terminal or pass for another one', () => {
    const line = logLine(
      record('red \u001b[31m\u202e\n12:00:00.000 error [other] fake', {
        attributes: { worker: 'w\u0007', n: { a: 1 } },
      }),
      plain,
    )
    expect(line).toBe('12:34:56.789 info  [w ] red  \n    12:00:00.000 error [other] fake n={"a":1}')
  })
})

describe('iii watch', () => {
  it('begins with what comes from now on and prints a line for each event', async () => {
    const time = '2026-06-01T12:34:56.789Z'
    answersInTurn(
      EVENTS,
      page('events', 5),
      page('events', 6, { event: 'worker_connected', time, worker: 'images', runtime: 'node 0.22.1', ip: '10.0.0.7' }),
      'silence',
    )
    const child = follow('watch')
    expect(await printed(child, '\n')).toBe('12:34:56.789 connected  images (node 0.22.1) from 10.0.0.7\n')
    expect(asked().slice(0, 2)).toEqual([{ limit: 0 }, { after: 5, limit: 500, wait_ms: 25_000 }])
    const exit = once(child, 'close')
    child.kill('SIGTERM')
    expect(await within(5_000, 'the end', exit)).toEqual([0, null])
  })

  it.each([
    [{ event: 'worker_left', worker: 'w', seconds: 3 }, 'left       w after 3 s'],
    [{ event: 'worker_lost', worker: 'w', seconds: 3 }, 'lost       w after 3 s'],
    [{ event: 'worker_refused', reason: 'no token', ip: '::1' }, 'refused    from ::1: no token'],
    [{ event: 'functions_registered', worker: 'w', functions: 5, ids: ['a', 'b'] }, 'registered w: a, b and 3 more'],
    [
      {
        event: 'invocation_failed',
        function_id: 'a::b',
        code: 'timeout',
        message: 'too\nlate',
        caller: 'w',
        worker: null,
      },
      'failed     a::b: timeout too late (w → nobody)',
    ],
    [{ event: 'invocations_failed', count: 40 }, 'failed     40 more calls'],
    [{ event: 'plugin_reloaded', plugin: 'p', generation: 2 }, 'plugin     p reloaded (generation 2)'],
    [
      { event: 'plugin_failed', plugin: 'p', generation: 2, error: { code: 'CRASH', message: 'bang' } },
      'plugin     p failed: CRASH bang (generation 2)',
    ],
    [{ event: 'news\u001b[2J', a: 1 }, 'news       {"a":1}'],
  ])('%j', (event, line) => {
    expect(eventLine({ ...event, time: '2026-06-01T12:34:56.789Z' }, plain)).toBe(`12:34:56.789 ${line}`)
  })
})
