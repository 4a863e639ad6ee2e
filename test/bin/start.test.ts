// `iii start` as a process: what it prints, how it ends, and how it says what keeps it from starting.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { within } from '../support/deadline.ts'
import { unusedPort } from '../support/unused-port.ts'
import { LAUNCHER, PATH, runCli } from './run-cli.ts'

const STARTED = 'Try next'
const FREE_PORT = 'workers:\n  - name: iii-worker-manager\n    config: { port: 0 }\n'

let cwd: string
let engines: ChildProcess[]
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iii-start-'))
  engines = []
})
afterEach(async () => {
  await Promise.all(engines.filter(isAlive).map((engine) => ended(engine, 'SIGKILL')))
  rmSync(cwd, { recursive: true, force: true })
})

const write = (name: string, text: string) => writeFileSync(path.join(cwd, name), text)

describe('iii start', () => {
  it('writes a configuration file into an empty folder and nothing else but data', async () => {
    await runCli(['start', '--config', 'none.yaml'], { cwd })
    expect(readdirSync(cwd)).toEqual([])
    launch([], { III_CONFIG_PATH: '' })
    // Not until it has started: the starter file names the usual port, which may be taken here.
    await expect.poll(() => existsSync(path.join(cwd, 'iii-config.yaml'))).toBe(true)
    const starter = readFileSync(new URL('../../iii-config.yaml', import.meta.url), 'utf8')
    expect(readFileSync(path.join(cwd, 'iii-config.yaml'), 'utf8')).toBe(starter)
  })
  it.each(['start', 'serve', '(bare)'])('%s shows listeners and plugins, without colours in a pipe', async (name) => {
    write('iii-config.yaml', `${FREE_PORT}  - name: iii-state\n`)
    const output = await said(launch(name === '(bare)' ? [] : [name]), STARTED)
    expect(output).toMatch(/Listening:\n {2}ws:\/\/127\.0\.0\.1:\d+\n/)
    expect(output).toMatch(/iii-state +running +(thread|shared) +\d+ ms +built-in/)
    expect(output).not.toContain('\u001b')
  })
  it('says what to do when the configuration is no file, not only what the system said', async () => {
    const { code, stderr } = await runCli(['start', '--config', '.'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain('EISDIR')
    expect(stderr).toContain('Check that it is a readable YAML file.')
  })
  it.each(['SIGTERM', 'SIGINT'] as const)('ends with exit code 0 on %s', async (signal) => {
    write('iii-config.yaml', FREE_PORT)
    const child = launch(['start'])
    await said(child, STARTED)
    expect(await ended(child, signal)).toBe(0)
  })
  it('ends at once on a second signal, even while a plugin blocks its thread in a system call', async () => {
    // Opening a pipe that nobody writes to does not return.
    execFileSync('mkfifo', [path.join(cwd, 'pipe')])
    mkdirSync(path.join(cwd, 'plugins'))
    write(
      'plugins/stuck.ts',
      `import { readFileSync } from 'node:fs'
      import { definePlugin } from 'iii-host/plugin'
      export default definePlugin({ name: 'stuck', start: () => ({ stop: () => void readFileSync('pipe') }) })`,
    )
    write('iii-config.yaml', `${FREE_PORT}  - name: stuck\n`)
    const child = launch(['start'])
    await said(child, STARTED)
    const stopping = said(child, 'stopping')
    const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
    child.kill('SIGTERM')
    await stopping
    // What follows within a quarter of a second is the same press.
    const insisting = setInterval(() => child.kill('SIGTERM'), 50)
    expect(await exit).toBe('SIGTERM')
    clearInterval(insisting)
  })
  it('ends with exit code 0 on SIGTERM although a thread is blocked, once its time is over', async () => {
    execFileSync('mkfifo', [path.join(cwd, 'pipe')])
    mkdirSync(path.join(cwd, 'plugins'))
    write(
      'plugins/stuck.ts',
      `import { readFileSync } from 'node:fs'
      import { definePlugin } from 'iii-host/plugin'
      export default definePlugin({ name: 'stuck', start: () => ({ stop: () => void readFileSync('pipe') }) })`,
    )
    write('iii-config.yaml', `engine: { stop_ms: 50 }\n${FREE_PORT}  - name: stuck\n`)
    const child = launch(['start'])
    await said(child, STARTED)
    const abandoned = said(child, 'is abandoned')
    expect(await ended(child, 'SIGTERM')).toBe(0)
    expect(await abandoned).toContain("of plugin 'stuck'")
  })
  it('counts the plugins that are found without an entry and says how to enable them', async () => {
    write('iii-config.yaml', FREE_PORT)
    await runCli(['plugin', 'new', 'spare'], { cwd })
    const output = await said(launch(['start']), STARTED)
    expect(output).toContain('1 plugin is found without an entry')
    expect(output).toContain('- name: spare    # plugins/spare.ts')
  })
  it('tells of a listener that a changed configuration moves, and of a configuration that is gone', async () => {
    write('iii-config.yaml', FREE_PORT)
    const child = launch(['start'])
    await said(child, STARTED)
    const port = await unusedPort()
    const moved = said(child, `"listening":["ws://127.0.0.1:${port}"]`)
    write('iii-config.yaml', FREE_PORT.replace('port: 0', `port: ${port}`))
    expect(await moved).toContain('configuration reloaded')
    const gone = said(child, 'is gone; the configuration')
    rmSync(path.join(cwd, 'iii-config.yaml'))
    expect(await gone).toContain(path.join(cwd, 'iii-config.yaml'))
  })
  it('--inspect lets a debugger in, to whom the threads of plugins show up', async () => {
    write('iii-config.yaml', `${FREE_PORT}  - name: hello\n`)
    await runCli(['plugin', 'new', 'hello'], { cwd })
    const port = await unusedPort()
    await said(launch(['start', `--inspect=${port}`]), STARTED)
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
      webSocketDebuggerUrl: string
    }[]
    const debug = new WebSocket(targets[0]!.webSocketDebuggerUrl)
    const attached = new Promise<void>((resolve) =>
      debug.on('message', (data) => {
        if ((JSON.parse(String(data)) as { method?: string }).method === 'NodeWorker.attachedToWorker') resolve()
      }),
    )
    debug.on('open', () =>
      debug.send(JSON.stringify({ id: 1, method: 'NodeWorker.enable', params: { waitForDebuggerOnStart: false } })),
    )
    await within(10_000, 'a thread of a plugin in the debugger', attached)
    debug.terminate()
  })
  it('runs on with a plugin that fails, and says what is wrong', async () => {
    write('iii-config.yaml', `${FREE_PORT}  - name: broken\n`)
    await runCli(['plugin', 'new', 'broken'], { cwd })
    write('plugins/broken.ts', 'export default {')
    const output = await said(launch(['start']), STARTED)
    expect(output).toMatch(/What is wrong:\n {2}- broken \(plugins\/broken\.ts\): .*plugins\/broken\.ts:1:\d+/)
  })
})

describe('iii start says what keeps it from starting, with exit code 1 and no stack trace', () => {
  const refused = async (args: string[] = []) => {
    const result = await runCli(['start', ...args], { cwd })
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 1, stdout: '' })
    expect(result.stderr).not.toMatch(/^\s+at .+:\d+:\d+/m)
    return result.stderr
  }

  it('a configuration file that is not there', async () => {
    expect(await refused(['-c', 'none.yaml'])).toContain('Config file not found')
  })
  it('a configuration file that is no YAML', async () => {
    write('iii-config.yaml', 'workers: [\n')
    expect(await refused()).toMatch(/Failed to parse config file .*iii-config\.yaml/)
  })
  it('a key that a built-in worker does not know', async () => {
    write('iii-config.yaml', 'workers:\n  - name: iii-worker-manager\n    config: { prt: 1 }\n')
    expect(await refused()).toMatch(/iii-config\.yaml:\d+.*prt/s)
  })
  it('an unknown worker, with --strict-config', async () => {
    write('iii-config.yaml', `${FREE_PORT}  - name: iii-stat\n`)
    expect(await refused(['--strict-config'])).toContain("Did you mean 'iii-state'?")
  })
  it('a port that is in use', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as AddressInfo
      write('iii-config.yaml', FREE_PORT.replace('port: 0', `port: ${port}`))
      expect(await refused()).toContain(`127.0.0.1:${port} is already in use`)
    } finally {
      server.close()
    }
  })
  it("an address that is not this machine's", async () => {
    write('iii-config.yaml', FREE_PORT.replace('port: 0', 'port: 0, host: 192.0.2.1'))
    expect(await refused()).toContain("set 'host' of iii-worker-manager to an address of this machine")
  })
  it('an `rbac` listener while the worker that decides about sessions is disabled', async () => {
    write(
      'iii-config.yaml',
      'workers:\n  - name: iii-worker-manager\n    config:\n      port: 0\n      rbac: { expose_functions: [] }\n  - { name: iii-rbac, enabled: false }\n',
    )
    expect(await refused()).toContain("Enable the entry 'iii-rbac'")
  })
  it('a data folder that can not be made', async () => {
    // Below a file nobody can make a folder, root included, whom file modes do not stop.
    write('blocked', '')
    const adapter = '{ name: kv, config: { store_method: file_based, file_path: ./blocked/state.db } }'
    write('iii-config.yaml', `${FREE_PORT}  - name: iii-state\n    config: { adapter: ${adapter} }\n`)
    const message = await refused()
    expect(message).toContain("'iii-state' (iii-config.yaml:4)")
    expect(message).toContain('blocked')
    expect(message).not.toContain('.ts:')
  })
  it('arguments that exclude each other are a usage error', async () => {
    expect((await runCli(['start', '-c', 'x.yaml', '--use-default-config'], { cwd })).code).toBe(2)
    expect((await runCli(['start', 'extra'], { cwd })).code).toBe(2)
  })
})

function launch(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd,
    env: { ...process.env, PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  engines.push(child)
  return child
}

/** What the engine printed until the sign was there. Rejects when it ends before. */
function said(child: ChildProcess, sign: string): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`the engine ended with ${code}:\n${output}`)))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (output.includes(sign)) resolve(output)
      })
    }
  })
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve))
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = exitOf(child)
  child.kill(signal)
  return exit
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}
