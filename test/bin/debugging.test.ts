// A debugger in a running engine stops plugins at lines of their sources, as docs/guides/debugging.md says.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import WebSocket from 'ws'
import { expect, onTestFinished, test } from 'vitest'
import { snippetsOf } from '../docs/snippets.ts'
import { within } from '../support/deadline.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { unusedPort } from '../support/unused-port.ts'
import { LAUNCHER, runCli } from './run-cli.ts'

type Message = Record<string, any>

/** One thing that is debugged: a process, or a worker in it by way of the session of its process. */
class Debugged {
  readonly events: Message[] = []
  readonly #pass: (text: string) => void
  readonly #waiting = new Map<number, (result: Message) => void>()
  #last = 0
  #onEvent: () => void = () => {}

  constructor(pass: (text: string) => void) {
    this.#pass = pass
  }

  take(message: Message): void {
    if (message['id'] !== undefined) return this.#waiting.get(message['id'] as number)?.(message)
    this.events.push(message)
    this.#onEvent()
  }

  ask(method: string, params: object = {}): Promise<Message> {
    const id = ++this.#last
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve))
    this.#pass(JSON.stringify({ id, method, params }))
    return within(10_000, `an answer to ${method}`, answer)
  }

  async event(method: string, fits: (params: Message) => boolean = () => true): Promise<Message> {
    for (;;) {
      const found = this.events.find((event) => event['method'] === method && fits(event['params'] as Message))
      if (found !== undefined) return found['params'] as Message
      await within(10_000, method, new Promise<void>((resolve) => (this.#onEvent = resolve)))
    }
  }
}

async function debuggerAt(url: string): Promise<Debugged> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  onTestFinished(() => socket.terminate())
  await within(5_000, 'the debugger', once(socket, 'open'))
  const debugged = new Debugged((text) => socket.send(text))
  socket.on('message', (text) => debugged.take(JSON.parse(String(text)) as Message))
  return debugged
}

/** The worker of a process that has loaded this source, and its compiled file. */
async function workerWith(engine: Debugged, name: string): Promise<{ worker: Debugged; script: Message }> {
  const workers = new Map<string, Debugged>()
  const scripts = new Promise<{ worker: Debugged; script: Message }>((resolve) => {
    const take = engine.take.bind(engine)
    engine.take = (message) => {
      const { sessionId, message: text } = (message['params'] ?? {}) as Message
      if (message['method'] === 'NodeWorker.attachedToWorker') {
        const worker = new Debugged((said) => {
          void engine.ask('NodeWorker.sendMessageToWorker', { sessionId, message: said })
        })
        workers.set(sessionId as string, worker)
        void worker
          .event('Debugger.scriptParsed', ({ url }) => (url as string).includes(`/${name}-`))
          .then(
            (script) => resolve({ worker, script }),
            () => {},
          )
        void worker.ask('Debugger.enable')
      }
      if (message['method'] === 'NodeWorker.receivedMessageFromWorker') {
        return workers.get(sessionId as string)?.take(JSON.parse(text as string) as Message)
      }
      return take(message)
    }
  })
  await engine.ask('NodeWorker.enable', { waitForDebuggerOnStart: false })
  return within(10_000, `a worker with ${name}`, scripts)
}

/** Where a line of a source is in the compiled file. */
function placeOf(script: Message, source: string, text: string): { lineNumber: number; columnNumber: number } {
  const compiled = readFileSync(fileURLToPath(script['url'] as string), 'utf8')
  const encoded = /sourceMappingURL=data:application\/json;base64,(\S+)/.exec(compiled)?.[1] ?? ''
  const payload = JSON.parse(Buffer.from(encoded, 'base64').toString()) as ConstructorParameters<typeof SourceMap>[0]
  const line = readFileSync(source, 'utf8')
    .split('\n')
    .findIndex((each) => each.includes(text))
  const map = new SourceMap(payload)
  for (const [lineNumber, generated] of compiled.split('\n').entries()) {
    for (let columnNumber = 0; columnNumber < generated.length; columnNumber++) {
      const entry = map.findEntry(lineNumber, columnNumber)
      if (!('originalLine' in entry) || entry.originalLine !== line) continue
      expect(fileURLToPath(new URL(entry.originalSource, payload.sourceRoot))).toBe(source)
      return { lineNumber, columnNumber }
    }
  }
  throw new Error(`no place for '${text}' in ${script['url'] as string}`)
}

interface Started {
  readonly source: string
  readonly url: string
  readonly engine: ChildProcess
  said(pattern: RegExp): Promise<RegExpExecArray>
}

async function start(entry: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const cwd = tempFolder()
  const plugin = snippetsOf('docs/guides/debugging.md').find((snippet) => snippet.kind === 'file')
  await mkdir(join(cwd, 'plugins'))
  await writeFile(join(cwd, 'plugins/prices.ts'), plugin?.text ?? '')
  const listener = '{ name: iii-worker-manager, config: { port: 0 } }'
  await writeFile(join(cwd, 'iii-config.yaml'), `workers: [${listener}, ${entry}]\n`)
  const engine = spawn(process.execPath, [LAUNCHER, 'start', ...args], { cwd, env: { ...process.env, ...env } })
  onTestFinished(async () => {
    const ended = once(engine, 'exit')
    engine.kill('SIGKILL')
    await ended
  })
  let output = ''
  for (const stream of [engine.stdout, engine.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const said = async (pattern: RegExp) => {
    await expect.poll(() => output, { timeout: 10_000 }).toMatch(pattern)
    return pattern.exec(output) as RegExpExecArray
  }
  await said(/Try next/)
  const [, url = ''] = await said(/Listening:\s+(\S+)/)
  return { source: join(cwd, 'plugins/prices.ts'), url, engine, said }
}

/** Stops in the function, looks at a value there, and lets it go on. */
async function stopsAt(debugged: Debugged, script: Message, { source, url }: Started): Promise<void> {
  const { scriptId } = script
  const place = placeOf(script, source, 'return { total }')
  await debugged.ask('Debugger.setBreakpoint', { location: { scriptId, ...place } })
  const call = runCli(['trigger', 'prices::total', '--json', '{"items":[{"price":2,"count":3}]}', '--address', url])
  const { callFrames } = await debugged.event('Debugger.paused')
  const [{ callFrameId, location }] = callFrames as [Message]
  expect(location).toMatchObject({ scriptId, lineNumber: place.lineNumber })
  const { result } = await debugged.ask('Debugger.evaluateOnCallFrame', { callFrameId, expression: 'total' })
  expect((result as Message)['result']).toMatchObject({ value: 6 })
  await debugged.ask('Debugger.resume')
  expect(JSON.parse((await call).stdout)).toEqual({ total: 6 })
}

test('a plugin in a thread stops at a line of its source', async () => {
  const started = await start('{ name: prices }', [`--inspect=${await unusedPort()}`])
  const [url] = await started.said(/ws:\/\/127\.0\.0\.1:\d+\/[\w-]{36}/)
  const { worker, script } = await workerWith(await debuggerAt(url), 'prices')
  await stopsAt(worker, script, started)
})

test('a plugin in a process is debugged by a signal to its process', async () => {
  const env = { NODE_OPTIONS: '--inspect-port=0' }
  const started = await start('{ name: prices, isolation: process }', [], env)
  const { stdout } = await runCli(['plugins', 'info', 'prices', '--address', started.url])
  process.kill((JSON.parse(stdout) as { thread: number }).thread, 'SIGUSR1')
  const [url] = await started.said(/ws:\/\/127\.0\.0\.1:\d+\/[\w-]{36}/)
  const debugged = await debuggerAt(url)
  await debugged.ask('Debugger.enable')
  const script = await debugged.event('Debugger.scriptParsed', (params) =>
    (params['url'] as string).includes('/prices-'),
  )
  await stopsAt(debugged, script, started)
})
