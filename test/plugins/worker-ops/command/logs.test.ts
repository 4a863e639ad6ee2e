// `iii worker logs -f` and `iii worker status` while they run: lines that come, files that are put aside, an engine that is restarted.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { LAUNCHER } from '../../../bin/run-cli.ts'
import { within } from '../../../support/deadline.ts'
import { lacks } from '../../../support/needs.ts'
import { TerminalProject } from './project.ts'

const running: ChildProcess[] = []
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

class Command {
  readonly child: ChildProcess
  output = ''
  readonly exited: Promise<number | null>

  constructor(project: TerminalProject, args: readonly string[], program: readonly string[] = []) {
    const [file = process.execPath, ...before] = [...program, process.execPath]
    const env = { ...process.env, ...project.terminal(), NO_COLOR: '1' }
    const line =
      program.length > 0
        ? [file, ...before.slice(0, -1), [process.execPath, LAUNCHER, ...args].join(' '), '/dev/null']
        : [file, LAUNCHER, ...args]
    this.child = spawn(line[0]!, line.slice(1), { cwd: project.dir, env, stdio: ['ignore', 'pipe', 'inherit'] })
    running.push(this.child)
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    this.exited = once(this.child, 'exit').then(([code]) => code as number | null)
  }

  get lines(): string[] {
    return this.output.split('\n').slice(0, -1)
  }

  async until(done: () => boolean): Promise<void> {
    await expect.poll(done, { timeout: 15_000, interval: 20 }).toBe(true)
  }
}

/** A project with a worker `w` in its configuration, and log files of it. */
async function loggedProject(): Promise<{ project: TerminalProject; file: (name?: string) => string }> {
  const project = await TerminalProject.open()
  await project.iii(['add', await project.worker('w')])
  const folder = path.join(project.dir, '.iii/logs/w')
  mkdirSync(folder, { recursive: true })
  return { project, file: (name = 'stdout.log') => path.join(folder, name) }
}

describe('iii worker logs -f', () => {
  it('goes on with lines at several KB per second over files that are put aside, and loses none', async () => {
    const { project, file } = await loggedProject()
    writeFileSync(file(), 'old 1\nold 2\n')
    const command = new Command(project, ['worker', 'logs', 'w', '-f', '--tail', '1'])
    await command.until(() => command.lines.length > 0)
    const expected = ['old 2']
    for (let round = 0; round < 20; round++) {
      const lines = Array.from({ length: 40 }, (_, index) => `${round} ${index} ${'x'.repeat(100)}`)
      expected.push(...lines)
      appendFileSync(file(), `${lines.join('\n')}\n`)
      if (round % 8 === 7) renameSync(file(), file('stdout.log.1'))
      await command.until(() => command.lines.length >= expected.length - 80)
    }
    await command.until(() => command.lines.length >= expected.length)
    expect(command.lines).toEqual(expected)
    command.child.kill('SIGINT')
    expect(await within(5_000, 'the end', command.exited)).toBe(0)
  })

  it(
    'shows both streams, without what steers a terminal, over the start and the end of an engine',
    { timeout: 60_000 },
    async () => {
      const { project } = await loggedProject()
      const command = new Command(project, ['worker', 'logs', 'w', '-f'])
      const first = await project.start()
      await command.until(() => command.lines.includes('w runs'))
      const call = (input: string) =>
        project.cli(['trigger', 'w::print', '--json', input, '--port', `${project.folder.port}`])
      expect(await call('{"lines":300,"error":true}')).toMatchObject({ code: 0 })
      await command.until(() => command.lines.filter((line) => line.startsWith('line ')).length === 300)
      await first.stop()
      await project.start()
      await command.until(() => command.lines.filter((line) => line === 'w runs').length === 2)
    },
  )

  it('of an engine elsewhere, lines come as they are written', { timeout: 60_000 }, async () => {
    const { project, file } = await loggedProject()
    await project.start()
    const host = `127.0.0.1:${project.folder.port}`
    const command = new Command(project, ['worker', 'logs', 'w', '--follow', '--host', host])
    await command.until(() => command.lines.includes('w runs'))
    appendFileSync(file('stderr.log'), '\u001b[31mred\u001b[0m\n')
    await command.until(() => command.lines.includes('red'))
    command.child.kill('SIGTERM')
    expect(await within(5_000, 'the end', command.exited)).toBe(0)
  })
})

describe.skipIf(lacks('script'))('iii worker status on a terminal (needs script)', () => {
  it('is written over until the worker runs', { timeout: 60_000 }, async () => {
    const project = await TerminalProject.open()
    const folder = await project.worker('w')
    await project.folder.write('w/index.mjs', `setTimeout(() => import('./late.mjs'), 2_000)`)
    await project.folder.write(
      'w/late.mjs',
      `import { registerWorker } from 'iii-sdk'
const iii = registerWorker(process.env.III_URL, { workerName: 'w' })
iii.registerFunction('w::say', async () => 1)`,
    )
    await project.start()
    await project.iii(['add', folder, '--no-wait'])
    const command = new Command(project, ['worker', 'status', 'w'], ['script', '-qec'])
    expect(await within(20_000, 'the end', command.exited)).toBe(0)
    const shown = command.output.replaceAll('\u001b', 'ESC')
    expect(shown).toMatch(/starting[\s\S]*ESC\[\d+A[\s\S]*running \(process \d+\)/)
  })
})
