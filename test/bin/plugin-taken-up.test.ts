import { afterEach, beforeEach, expect, it } from 'vitest'
import { takenUp } from '../../bin/plugin-taken-up.ts'
import { FakeEngine, type Answer } from './fake-engine.ts'

let engine: FakeEngine
beforeEach(async () => {
  engine = await FakeEngine.start()
})
afterEach(() => engine[Symbol.asyncDispose]())

const at = () => ({ address: '127.0.0.1', port: Number(engine.port) })
const answerInTurn = (...answers: Answer[]) => {
  engine.answers.set('engine::plugins::info', () => (answers.length > 1 ? answers.shift() : answers[0]) ?? 'silence')
}

it('waits until the plugin runs', async () => {
  const unknown = { error: { code: 'PLUGIN_NOT_FOUND', message: 'no' } }
  answerInTurn(
    unknown,
    { result: { state: 'available' } },
    { result: { state: 'starting' } },
    { result: { state: 'running' } },
  )
  expect(await takenUp('hello', at())).toBe('It runs.')
  expect(engine.frames.filter((frame) => frame['function_id'] === 'engine::plugins::info')).toHaveLength(4)
})

it('fails with the newest error of its history when it could not be started', async () => {
  const history = [{ error: 'first' }, { error: 'plugins/hello.ts:3:1: Unexpected "}"' }, { to: 'failed' }]
  answerInTurn({ result: { state: 'failed', history } })
  await expect(takenUp('hello', at())).rejects.toThrow('hello failed to start: plugins/hello.ts:3:1')
})

it('says that it runs with the next start when no engine runs', async () => {
  expect(await takenUp('hello', { address: '127.0.0.1', port: 1 })).toContain('when the engine is started')
})

it('does not wait for ever', async () => {
  answerInTurn({ result: { state: 'available' } })
  expect(await takenUp('hello', at(), 200)).toContain('not taken it up within 0.2 s')
})

it('fails with the reason when the engine refuses the whole configuration', async () => {
  answerInTurn({ result: { state: 'available' } })
  const error = "reload: plugin 'hello': function 'base::b' of plugin 'hello' belongs to plugin 'base'"
  const components = { config: { status: 'degraded', details: { error } } }
  engine.answers.set('engine::health::check', { result: { status: 'degraded', components } })
  await expect(takenUp('hello', at())).rejects.toThrow(`refused the configuration: ${error}`)
})
