// The engine as the first process of a container, to which the kernel delivers no signal that it does not listen to.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { within } from '../support/deadline.ts'
import { lacks } from '../support/needs.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { LAUNCHER, runCli } from './run-cli.ts'

const BLOCKING = `import { execSync } from 'node:child_process'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: 'blocking',
  start: ({ iii }) => void iii.registerFunction('blocking::sleep', () => execSync('echo asleep >&2; sleep 60', { stdio: 'inherit' })),
})
`

interface FirstProcess {
  readonly url: string
  /** Its exit code, as a runtime of containers sees it. */
  readonly ended: Promise<number | null>
  /** The text has been written to stderr. */
  said(text: string): Promise<void>
  kill(signal: NodeJS.Signals): void
}

async function start(...entries: string[]): Promise<FirstProcess> {
  const cwd = tempFolder()
  mkdirSync(join(cwd, 'plugins'))
  writeFileSync(join(cwd, 'plugins', 'blocking.ts'), BLOCKING)
  const listener = '{ name: iii-worker-manager, config: { port: 0 } }'
  writeFileSync(join(cwd, 'iii-config.yaml'), `workers: [${[listener, ...entries].join(', ')}]\n`)
  const namespace = ['-Urpf', '--mount-proc', '--kill-child']
  const unshare = spawn('unshare', [...namespace, process.execPath, LAUNCHER, 'start'], { cwd, stdio: 'pipe' })
  const ended = once(unshare, 'exit').then(([code]) => code as number | null)
  onTestFinished(async () => {
    unshare.kill('SIGKILL')
    await ended
  })
  let output = ''
  for (const stream of [unshare.stdout, unshare.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const said = (text: string) => expect.poll(() => output, { timeout: 10_000 }).toContain(text)
  await said('Try next')
  const pid = Number(readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8'))
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^NSpid:\s+\d+\s+1$/m)
  const url = /ws:\/\/[\d.:]+/.exec(output)?.[0] ?? ''
  return { url, ended, said: async (text) => void (await said(text)), kill: (signal) => killIfThere(pid, signal) }
}

/** It may end between two signals. */
function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

describe.skipIf(lacks('PID namespaces'))('as the first process (needs PID namespaces)', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends in order at %s', async (signal) => {
    const engine = await start()
    engine.kill(signal)
    expect(await within(10_000, 'the end', engine.ended)).toBe(0)
  })

  it('ends at once at a second signal, while a plugin blocks its thread', async () => {
    const engine = await start('{ name: blocking }')
    await runCli(['trigger', 'blocking::sleep', '--void', '--address', engine.url])
    await engine.said('asleep')
    engine.kill('SIGTERM')
    await engine.said('"stopping"')
    // What follows too soon is the same press of a key.
    const insist = setInterval(() => engine.kill('SIGTERM'), 50)
    onTestFinished(() => clearInterval(insist))
    const code = await within(8_000, 'the end', engine.ended).finally(() => clearInterval(insist))
    expect(code).toBe(143)
  })
})
