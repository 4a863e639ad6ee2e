// The cases of streams over a whole engine: a worker on a socket, the router, the plugin in its thread.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEngine, type Engine } from '../../../index.ts'
import { createLog } from '../../../core/log.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import { RawClient } from '../../support/raw-client.ts'
import { socketRun } from '../../support/worker-run.ts'
import { customCases } from './custom-cases.ts'
import { functionCases } from './function-cases.ts'
import { at, freshStream, type StreamRun } from './stream-run.ts'

let folder: string
let engine: Engine

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iii-stream-'))
  const entries = [
    '  - { name: iii-worker-manager, config: { port: 0 } }',
    '  - { name: iii-stream, config: { port: 0 } }',
  ]
  await writeFile(join(folder, 'iii-config.yaml'), ['workers:', ...entries, ''].join('\n'))
  engine = await startEngine({ cwd: folder, log: createLog({ level: 'warn', pretty: false, write: () => {} }) })
})

afterAll(async () => {
  await engine?.close()
  await rm(folder, { recursive: true, force: true })
})

async function open(): Promise<StreamRun> {
  return runOf(await RawClient.connect(engine.url))
}

functionCases('streams of a running engine', open)
customCases('streams of a running engine', open)

describe('workers that serve a stream', () => {
  test('43. when one disconnects, the built-in storage answers', async () => {
    const [run, s] = [await open(), freshStream()]
    await run.call('stream::set', { ...at(s), data: 'built in' })
    const owner = await RawClient.connect(engine.url)
    await owner.provided(`stream::get(${s})`, () => 'custom')
    expect(await run.call('stream::get', at(s))).toBe('custom')
    owner.socket.close(1000)
    await owner.closed
    expect(await run.call('stream::get', at(s))).toBe('built in')
  })

  test('a call under way when its worker dies fails; the next one is answered by the built-in storage', async () => {
    const [run, s] = [await open(), freshStream()]
    const owner = await RawClient.connect(engine.url)
    const called = Promise.withResolvers<void>()
    await owner.provided(`stream::set(${s})`, () => {
      called.resolve()
      return new Promise(() => {})
    })
    const failed = run.call('stream::set', { ...at(s), data: 1 }).catch((error: ErrorBody) => error)
    await called.promise
    owner.socket.terminate()
    expect(await failed).toMatchObject({ code: 'STREAM_SET_ERROR' })
    expect(await run.call('stream::set', { ...at(s), data: 2 })).toEqual({ old_value: null, new_value: 2 })
  })
})

function runOf(client: RawClient): StreamRun {
  return { ...socketRun(client, 'stream'), withdraw: (id) => client.send({ type: 'unregisterfunction', id }) }
}
