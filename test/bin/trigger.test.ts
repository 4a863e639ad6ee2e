import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { payloadFrom } from '../../bin/trigger-payload.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { FakeEngine } from './fake-engine.ts'
import { runCli } from './run-cli.ts'

let engine: FakeEngine
beforeAll(async () => {
  engine = await FakeEngine.start()
  engine.answers.set('echo', { result: { ok: true } })
})
afterAll(() => engine[Symbol.asyncDispose]())
afterEach(() => {
  engine.frames.length = 0
  engine.rawFrames.length = 0
})

const trigger = (...args: string[]) => runCli(['trigger', ...args, ...engine.at])

describe('iii trigger --queue', () => {
  it('puts the call into the queue and prints the receipt', async () => {
    engine.answers.set('mail::send', { result: { messageReceiptId: 'r-1' } })
    const { code, stdout } = await trigger('mail::send', 'to=ada', '--queue=mail')
    expect([code, stdout]).toEqual([0, '{\n  "messageReceiptId": "r-1"\n}\n'])
    expect(engine.frames[0]).toMatchObject({
      function_id: 'mail::send',
      data: { to: 'ada' },
      invocation_id: expect.any(String),
      action: { type: 'enqueue', queue: 'mail' },
    })
  })
  it.each([
    [['--queue=mail', '--void'], 'exclude each other'],
    [['--queue='], '--queue of iii trigger needs a value'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await trigger('mail::send', ...args)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) })
    expect(engine.frames).toEqual([])
  })
})

describe('iii trigger: the payload', () => {
  it('reads each k=v value as JSON, else as text', async () => {
    const { code } = await trigger('echo', 'n=3', 's=hi', 'o={"a":1}', 'empty=', 'url=a=b', 't=true', 'q="x"')
    expect(code).toBe(0)
    expect(engine.frames[0]).toMatchObject({
      type: 'invokefunction',
      function_id: 'echo',
      data: { n: 3, s: 'hi', o: { a: 1 }, empty: '', url: 'a=b', t: true, q: 'x' },
    })
  })
  it('is an empty object when nothing is given', async () => {
    await trigger('echo')
    expect(engine.frames[0]?.['data']).toEqual({})
  })
  it.each(['[1,2]', '"text"', 'null', '-5'])('takes any JSON value by --json: %s', async (json) => {
    const { code } = await trigger('echo', `--json=${json}`)
    expect(code).toBe(0)
    expect(engine.frames[0]?.['data']).toEqual(JSON.parse(json))
  })
  it('lets k=v replace members of --json, shallowly', async () => {
    await trigger('echo', 'a={"z":1}', '--json', '{"a":{"x":1},"b":2}')
    expect(engine.frames[0]?.['data']).toEqual({ a: { z: 1 }, b: 2 })
  })
  it('keeps numbers that a double can not hold, both ways', async () => {
    engine.answers.set('big', { raw: '{"id":98765432109876543210}' })
    const { stdout } = await trigger('big', 'id=12345678901234567890', 'price=1.10')
    expect(engine.rawFrames[0]).toContain('"data":{"id":12345678901234567890,"price":1.10}')
    expect(stdout).toBe('{\n  "id": 98765432109876543210\n}\n')
  })
  it('comes from a file by @ and from standard input by -', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'iii-trigger-'))
    try {
      writeFileSync(path.join(folder, 'payload.json'), '{"from":"file"}')
      await trigger('echo', '--payload', `@${path.join(folder, 'payload.json')}`)
      await runCli(['trigger', 'echo', '--payload', '-', ...engine.at], { input: '{"from":"stdin"}' })
      expect(engine.frames.map((frame) => frame['data'])).toEqual([{ from: 'file' }, { from: 'stdin' }])
      const missing = await trigger('echo', '--payload', `@${path.join(folder, 'none.json')}`)
      expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('none.json') })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
  it.each([
    ['UTF-8', Buffer.from('\uFEFF{"from":"file"}')],
    ['UTF-16, as PowerShell writes it', Buffer.from('\uFEFF{"from":"file"}', 'utf16le')],
  ])('may begin with a byte order mark: %s', (_encoding, bytes) => {
    const file = path.join(tempFolder(), 'payload.json')
    writeFileSync(file, bytes)
    expect(payloadFrom({ tokens: ['n=1'], json: `@${file}` })).toEqual({ from: 'file', n: 1 })
  })
  it.each([
    [['echo', 'token'], "argument 'token' has no '='"],
    [['echo', '=value'], 'empty key'],
    [['echo', '--json', '{oops'], 'not valid JSON'],
    [['echo', 'a=1', '--json', '[1]'], 'must be an object'],
    [['echo', 'a=1', '--json', '12345678901234567890'], 'must be an object'],
    [[], 'no function id'],
  ])('%j is refused with exit code 1 and nothing is sent', async (args, message) => {
    const { code, stderr } = await trigger(...args)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) })
    expect(engine.frames).toEqual([])
  })
})

describe('iii trigger: the call', () => {
  it('prints the result with two spaces and exits 0', async () => {
    expect(await trigger('echo')).toEqual({ code: 0, signal: null, stdout: '{\n  "ok": true\n}\n', stderr: '' })
  })
  it.each([{ result: null }, {}])('prints nothing for no value: %j', async (answer) => {
    engine.answers.set('quiet', answer)
    expect(await trigger('quiet')).toMatchObject({ code: 0, stdout: '' })
  })
  it('prints falsy results', async () => {
    engine.answers.set('zero', { result: 0 })
    expect((await trigger('zero')).stdout).toBe('0\n')
  })
  it('says how to write a text that looks like JSON, where a function wants one', async () => {
    const message = 'Failed to deserialize input for f: member `item_id` must be a string, got number 1'
    engine.answers.set('f', { error: { code: 'deserialization_error', message } })
    const hinted = await trigger('f', 'a=1', 'item_id=1')
    expect(hinted.code).toBe(1)
    expect(hinted.stderr).toContain(`Hint: item_id=1 is read as JSON; as a text it is item_id='"1"'\n`)
    expect((await trigger('f', 'a=1')).stderr).not.toContain('Hint')
    await trigger('f', 'item_id="1"')
    expect(engine.frames.at(-1)?.['data']).toEqual({ item_id: '1' })
  })
  it('prints the error of the function as JSON on stderr and exits 1', async () => {
    engine.answers.set('broken', { error: { code: 'E1', message: 'no', stacktrace: 'at x' } })
    const { code, stdout, stderr } = await trigger('broken')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.startsWith('Error: {')).toBe(true)
    expect(JSON.parse(stderr.slice('Error: '.length))).toEqual({ code: 'E1', message: 'no', stacktrace: 'at x' })
  })
  it('accepts the old form with --function-id and --payload', async () => {
    await trigger('--function-id', 'echo', '--payload', '{"a":1}')
    expect(engine.frames[0]).toMatchObject({ function_id: 'echo', data: { a: 1 } })
  })
  it('names the namespace', async () => {
    await trigger('echo', '-n', 'blue')
    expect(engine.frames[0]).toMatchObject({ namespace: 'blue' })
  })
  it('finds the engine by III_URL when neither host nor port is given', async () => {
    const env = { III_URL: `ws://127.0.0.1:${engine.port}` }
    expect((await runCli(['trigger', 'echo'], { env })).code).toBe(0)
    expect((await runCli(['trigger', 'echo', '--port', '1'], { env })).stderr).toContain('ws://localhost:1')
  })
  it('sends a void call without an invocation id and does not wait', async () => {
    engine.answers.set('slow', 'silence')
    expect(await trigger('slow', '--void')).toMatchObject({ code: 0, stdout: '' })
    expect(engine.frames[0]).toMatchObject({ function_id: 'slow', action: { type: 'void' } })
    expect(engine.frames[0]).not.toHaveProperty('invocation_id')
  })
  it('never announces itself: one frame per command', async () => {
    await trigger('echo')
    expect(engine.frames.map((frame) => frame['type'])).toEqual(['invokefunction'])
  })
  it('gives up after --timeout-ms with exit code 1', async () => {
    engine.answers.set('slow', 'silence')
    const { code, stderr } = await trigger('slow', '--timeout-ms', '200')
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/timeout.*200 ms/) })
  })
  it('says so when the connection ends before the answer', async () => {
    engine.answers.set('gone', 'hang-up')
    const { code, stderr } = await trigger('gone')
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('closed before the answer') })
  })
  it('says where nothing listens, without a stack trace', async () => {
    const { code, stderr } = await runCli(['trigger', 'echo', '--address', '127.0.0.1', '--port', '1'])
    expect(code).toBe(1)
    expect(stderr).toContain('no connection to an engine at ws://127.0.0.1:1')
    expect(stderr).not.toMatch(/^\s+at /m)
  })
  it.each([
    ['--port', '99999'],
    ['--port', 'x'],
    ['--timeout-ms', '0'],
    ['--unknown', '1'],
  ])('a wrong %s %s is a usage error', async (option, value) => {
    const { code, stderr } = await runCli(['trigger', 'echo', option, value])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(option) })
  })
})

describe('iii trigger FUNCTION --help', () => {
  it.each(['request_schema', 'request_format'])('prints description and payload as a table (%s)', async (member) => {
    const schema = {
      type: 'object',
      required: ['to'],
      properties: { to: { type: 'string', description: 'Who' }, mood: { enum: ['glad', 'sad'] } },
    }
    engine.answers.set('engine::functions::info', {
      result: { function_id: 'greet', description: 'Greets.', [member]: schema },
    })
    const { code, stdout } = await trigger('greet', '--help')
    expect(code).toBe(0)
    expect(engine.frames[0]).toMatchObject({ data: { function_id: 'greet' } })
    expect(stdout).toContain('Greets.')
    expect(stdout).toMatch(/to\s+string\s+yes\s+Who/)
    expect(stdout).toMatch(/mood\s+"glad" \| "sad"\s+no/)
  })
  it('shows members of members, lists, choices and defaults', async () => {
    const request_schema = {
      properties: {
        source: { oneOf: [{ type: 'string' }, { type: 'object' }] },
        options: {
          type: 'object',
          required: ['tags'],
          properties: { tags: { type: 'array', items: { type: 'string' } } },
        },
        limit: { type: 'integer', default: 20 },
      },
    }
    engine.answers.set('engine::functions::info', { result: { function_id: 'greet', request_schema } })
    const { stdout } = await trigger('greet', '--help')
    expect(stdout).toMatch(/source +string \| object +no/)
    expect(stdout).toMatch(/options +object +no\n +options\.tags +string\[\] +yes/)
    expect(stdout).toMatch(/limit +integer +no +\(default: 20\)/)
  })
  it('exits 1 for an unknown function', async () => {
    engine.answers.set('engine::functions::info', {
      error: { code: 'NOT_FOUND', message: "Function 'nope' is not registered." },
    })
    expect(await trigger('nope', '--help')).toMatchObject({ code: 1, stderr: expect.stringContaining('nope') })
  })
  it('falls back to the static help when no engine answers', async () => {
    const { code, stdout } = await runCli(['trigger', 'greet', '--help', '--address', '127.0.0.1', '--port', '1'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('--timeout-ms') })
  })
})
