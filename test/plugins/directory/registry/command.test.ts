// `iii registry` as a user types it: serving until a signal comes, and publishing with what an engine knows of the worker.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { LAUNCHER } from '../../../bin/run-cli.ts'
import { runHere } from '../../../bin/run-here.ts'
import { EngineFolder, LISTENER } from '../../../core/engine/running-engine.ts'
import { putImageResize } from '../../../kit/registry/registry-folder.ts'
import { heldPort } from '../../../support/held-port.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { workerFolder } from './worker-folder.ts'

async function serving(
  folder: string,
  ...more: string[]
): Promise<{ child: ChildProcess; output: string; url: string }> {
  const child = spawn(process.execPath, [LAUNCHER, 'registry', 'serve', folder, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  await expect.poll(() => output).toMatch(/III_API_URL/)
  return { child, output, url: /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? '' }
}

/** Publishes a worker with what the engine in the folder knows of it. */
function publishDescribed(folder: EngineFolder, registry: string): string[] {
  const { port } = new URL(folder.url())
  return ['registry', 'publish', workerFolder(tempFolder()), '--registry', registry, '--describe', '--port', port]
}

describe('iii registry serve', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('answers until %s, and ends well', async (signal) => {
    const folder = tempFolder()
    putImageResize(folder)
    const { child, output, url } = await serving(folder)
    expect(output).toContain(`Serving ${folder} at ${url}\n`)
    const { workers } = (await (await fetch(`${url}/w`)).json()) as { workers: { name: string }[] }
    expect(workers.map(({ name }) => name)).toEqual(['image-resize'])
    const exited = once(child, 'exit')
    child.kill(signal)
    expect(await exited).toEqual([0, null])
    await expect(fetch(`${url}/w`)).rejects.toThrow()
  })

  test.each<[string, string[], RegExp, number]>([
    ['a folder that is not there', ['/nowhere/at/all'], /There is no folder \/nowhere\/at\/all/, 1],
    ['a port that is none', ['.', '--port', '70000'], /--port "70000" is no port/, 1],
    ['an address that is none', ['.', '--url', 'example.org'], /--url "example\.org" is no address/, 1],
    ['no folder', [], /folder/i, 2],
  ])('with %s says what is wrong', async (_what, args, message, status) => {
    const { code, stderr } = await runHere(['registry', 'serve', ...args])
    expect(stderr).toMatch(message)
    expect(code).toBe(status)
  })

  test('on a port in use names it', async () => {
    const { port } = await heldPort()
    const { code, stderr } = await runHere(['registry', 'serve', tempFolder(), '--port', String(port)])
    expect(code).toBe(1)
    expect(stderr).toContain(String(port))
  })
})

describe('iii registry publish --describe', () => {
  test('writes what the worker provides in the engine that runs', async () => {
    const folder = new EngineFolder()
    folder.configure(LISTENER)
    await folder.start({ watch: false })
    const worker = await folder.connect({ name: 'greeter' })
    await worker.provided('greeter::hello', () => null, {
      description: 'Greets',
      request_format: { type: 'object' },
      response_format: { type: 'string' },
      metadata: { tags: ['x'] },
    })
    worker.send({
      type: 'registertriggertype',
      id: 'greeter::met',
      description: 'Somebody was met',
      trigger_request_format: { type: 'object', title: 'config' },
      call_request_format: { type: 'object', title: 'event' },
    })
    await worker.settled()
    const registry = join(folder.dir, '.iii', 'registry')
    const args = publishDescribed(folder, registry)
    const { code, stderr } = await runHere(args)
    expect([code, stderr]).toEqual([0, ''])
    const version = JSON.parse(readFileSync(join(registry, 'greeter/1.0.0/version.json'), 'utf8'))
    expect(version.functions).toEqual([
      {
        name: 'greeter::hello',
        description: 'Greets',
        request_schema: { type: 'object' },
        response_schema: { type: 'string' },
        metadata: { tags: ['x'] },
      },
    ])
    expect(version.triggers).toEqual([
      {
        name: 'greeter::met',
        description: 'Somebody was met',
        invocation_schema: { type: 'object', title: 'config' },
        return_schema: { type: 'object', title: 'event' },
        metadata: {},
      },
    ])
    // Seen at once by the engine of the project.
    const { result } = (await worker.call('directory::registry::workers::info', { name: 'greeter' })) as { result: any }
    expect(result).toMatchObject({ worker: { version: '1.0.0' }, skills_tree: { prompts: [{ name: 'greet' }] } })
    expect(result.api_reference.functions[0].name).toBe('greeter::hello')
  })

  test('of a worker that provides nothing there is refused', async () => {
    const folder = new EngineFolder()
    folder.configure(LISTENER)
    await folder.start({ watch: false })
    const registry = join(tempFolder(), 'registry')
    mkdirSync(registry)
    const args = publishDescribed(folder, registry)
    const missing = await runHere(args)
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('greeter')])
    await folder.connect({ name: 'greeter' })
    const empty = await runHere(args)
    expect(empty.stderr).toContain('The worker "greeter" has no functions and no trigger types in that engine')
    expect(empty.code).toBe(1)
  })
})
