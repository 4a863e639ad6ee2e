// iii-host/testing: a plugin in one process behaves as in an engine.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { definePlugin } from '../../sdk/plugin.ts'
import type { ChannelReader } from '../../sdk/channel-reader.ts'
import type { ChannelWriter } from '../../sdk/channel-writer.ts'
import { settled, startTestEngine, type TestEngine, type TestEngineOptions } from '../../testing/index.ts'
import { tempFolder } from '../support/temp-folder.ts'

const GREETER_CONFIG = {
  type: 'object',
  properties: { greeting: { type: 'string', default: 'Hello' } },
  additionalProperties: false,
} as const

const greeter = definePlugin<{ greeting: string }>({
  name: 'greeter',
  config: GREETER_CONFIG,
  start({ iii, config, log }) {
    let { greeting } = config
    log.info('greeting', { greeting })
    iii.registerFunction('greeter::greet', ({ name }: { name: string }) => ({ text: `${greeting}, ${name}` }))
    return {
      reconfigure: (changed) => {
        greeting = changed.greeting
      },
    }
  },
})

async function open(options?: TestEngineOptions): Promise<TestEngine> {
  const engine = await startTestEngine(options)
  onTestFinished(() => engine.close())
  return engine
}

describe('a plugin', () => {
  test('answers calls, with the defaults of its schema filled in', async () => {
    const engine = await open()
    const plugin = await engine.run(greeter)
    expect(await engine.call('greeter::greet', { name: 'Ada' })).toEqual({ text: 'Hello, Ada' })
    expect(plugin.config).toEqual({ greeting: 'Hello' })
    expect(plugin.functions).toEqual(['greeter::greet'])
    expect(plugin.log.lines).toEqual([{ level: 'info', message: 'greeting', data: { greeting: 'Hello' } }])
  })

  test('does not start with settings that do not fit, and another one of its name can', async () => {
    const engine = await open()
    await expect(engine.run(greeter, { config: { greeting: 5 } })).rejects.toMatchObject({
      code: 'PLUGIN_CONFIG_INVALID',
      message: expect.stringContaining(
        "engine.run of 'greeter': worker 'greeter': config.greeting: must be string, got 5",
      ),
    })
    await engine.run(greeter, { config: { greeting: 'Hi' } })
    expect(await engine.call('greeter::greet', { name: 'Ada' })).toEqual({ text: 'Hi, Ada' })
  })

  test('whose start fails leaves nothing behind', async () => {
    const engine = await open()
    const broken = definePlugin({
      name: 'broken',
      start({ iii }) {
        iii.registerFunction('broken::f', () => 1)
        throw new Error('no luck')
      },
    })
    await expect(engine.run(broken)).rejects.toThrow('no luck')
    await expect(engine.call('broken::f')).rejects.toMatchObject({ code: 'function_not_found' })
  })

  test('shows nothing of itself before its start is over', async () => {
    const engine = await open()
    const ready = Promise.withResolvers<void>()
    const slow = definePlugin({
      name: 'slow',
      async start({ iii }) {
        iii.registerFunction('slow::f', () => 1)
        await ready.promise
      },
    })
    const running = engine.run(slow)
    await settled()
    await expect(engine.call('slow::f')).rejects.toMatchObject({ code: 'function_not_found' })
    ready.resolve()
    await running
    expect(await engine.call('slow::f')).toBe(1)
  })

  test('does not register what another plugin owns', async () => {
    const engine = await open()
    await engine.run(greeter)
    const rival = definePlugin({
      name: 'rival',
      start: ({ iii }) => void iii.registerFunction('greeter::greet', () => 'mine'),
    })
    await expect(engine.run(rival)).rejects.toThrow("'greeter::greet'")
    expect(await engine.call('greeter::greet', { name: 'Ada' })).toEqual({ text: 'Hello, Ada' })
  })

  test('takes new settings in place, or says that it can not', async () => {
    const engine = await open()
    const plugin = await engine.run(greeter)
    expect(await plugin.reconfigure({ greeting: 'Hi' })).toBe(true)
    expect(await engine.call('greeter::greet', { name: 'Ada' })).toEqual({ text: 'Hi, Ada' })
    await expect(plugin.reconfigure({ greting: 'Hi' })).rejects.toMatchObject({ code: 'PLUGIN_CONFIG_INVALID' })
    const { start: _, ...definition } = greeter
    const fixed = await engine.run({ ...definition, name: 'fixed', start: () => {} })
    expect(await fixed.reconfigure({ greeting: 'Hi' })).toBe(false)
    expect(fixed.config).toEqual({ greeting: 'Hello' })
  })

  test('has a folder of its own for its data, made when it asks for it', async () => {
    const projectRoot = tempFolder()
    const engine = await open({ projectRoot })
    const folders: string[] = []
    const keeper = definePlugin({
      name: 'keeper',
      start({ iii, dataDir, engine: { projectRoot: root } }) {
        folders.push(dataDir, root)
        iii.registerFunction('keeper::keep', (text: string) => writeFileSync(join(dataDir, 'text'), text))
      },
    })
    await engine.run(keeper)
    await engine.call('keeper::keep', 'kept')
    expect(folders).toEqual([join(projectRoot, 'data/plugins/keeper'), projectRoot])
    expect(existsSync(join(projectRoot, 'data/plugins/keeper/text'))).toBe(true)
  })

  test('gets frozen settings', async () => {
    const engine = await open()
    const thrown = Promise.withResolvers<unknown>()
    const eager = definePlugin<{ greeting: string }>({
      name: 'eager',
      config: GREETER_CONFIG,
      start({ config }) {
        try {
          config.greeting = 'changed'
        } catch (error) {
          thrown.resolve(error)
        }
      },
    })
    await engine.run(eager)
    expect(await thrown.promise).toBeInstanceOf(TypeError)
  })
})

describe('the end of a plugin', () => {
  function waiter(order: string[], answer: Promise<unknown>) {
    return definePlugin({
      name: 'waiter',
      start({ iii, signal }) {
        iii.registerFunction('waiter::wait', async () => {
          order.push('called')
          await answer
          order.push('answered')
          return 'done'
        })
        signal.addEventListener('abort', () => order.push('aborted'))
        return { stop: ({ reason }) => void order.push(`stop: ${reason}`) }
      },
    })
  }

  test('waits for the calls that it has, then runs its stop, then takes its functions away', async () => {
    const engine = await open()
    const order: string[] = []
    const answer = Promise.withResolvers<void>()
    const plugin = await engine.run(waiter(order, answer.promise))
    const called = engine.call('waiter::wait')
    await settled()
    const stopped = plugin.stop({ reason: 'reload' })
    await settled()
    answer.resolve()
    await stopped
    expect(await called).toBe('done')
    expect(order).toEqual(['called', 'answered', 'stop: reload', 'aborted'])
    await expect(engine.call('waiter::wait')).rejects.toMatchObject({ code: 'function_not_found' })
  })

  test('with force does not wait for them', async () => {
    const engine = await open()
    const plugin = await engine.run(waiter([], new Promise(() => {})))
    const called = engine.call('waiter::wait').catch((error: unknown) => error)
    await settled()
    await plugin.stop({ force: true })
    expect(await called).toMatchObject({ code: 'invocation_stopped' })
  })

  test('is put off when a call does not end within drain_ms', async () => {
    const engine = await open({ engine: { drain_ms: 10 } })
    const plugin = await engine.run(waiter([], new Promise(() => {})))
    engine.call('waiter::wait').catch(() => {})
    await settled()
    await expect(plugin.stop()).rejects.toMatchObject({ code: 'PLUGIN_BUSY' })
    expect(plugin.functions).toEqual(['waiter::wait'])
  })

  test('fails with what its stop throws', async () => {
    const engine = await open()
    const stop = () => {
      throw new Error('can not stop')
    }
    const plugin = await engine.run(definePlugin({ name: 'stubborn', start: () => ({ stop }) }))
    await expect(plugin.stop()).rejects.toThrow('can not stop')
    const other = await startTestEngine()
    await other.run(definePlugin({ name: 'stubborn', start: () => ({ stop }) }))
    await expect(other.close()).rejects.toThrow('can not stop')
  })

  test('comes with the close of the engine, latest first', async () => {
    const engine = await startTestEngine()
    const order: string[] = []
    for (const name of ['first', 'second'])
      await engine.run(
        definePlugin({ name, start: () => ({ stop: ({ reason }) => void order.push(`${name} ${reason}`) }) }),
      )
    await engine.close()
    await engine.close()
    expect(order).toEqual(['second shutdown', 'first shutdown'])
  })
})

describe('rights', () => {
  const caller = definePlugin({
    name: 'caller',
    start({ iii }) {
      iii.registerFunction('caller::call', (function_id: string) => iii.trigger({ function_id }))
    },
  })

  test('allow narrows what a plugin may call', async () => {
    const engine = await open()
    await engine.run(greeter)
    await engine.run(caller, { allow: ['greeter::none'] })
    await expect(engine.call('caller::call', 'greeter::greet')).rejects.toThrow('FORBIDDEN')
  })

  test('only a built-in registers ids that are reserved', async () => {
    const reserved = definePlugin({
      name: 'reserved',
      start: ({ iii }) => void iii.registerFunction('engine::mine', () => 'mine'),
    })
    const engine = await open()
    await expect(engine.run(reserved)).rejects.toThrow("plugin 'reserved' may not register 'engine::mine'")
    await engine.run(reserved, { builtIn: true })
    expect(await engine.call('engine::mine')).toBe('mine')
  })

  test('only a built-in holds a seat', async () => {
    const engine = await open()
    const holder = definePlugin({ name: 'holder', seats: ['telemetry'], start: () => {} })
    await expect(engine.run(holder)).rejects.toThrow("'holder' claims the seat 'telemetry'")
    await engine.run(holder, { builtIn: true })
  })

  test('a session has the rights that it is given', async () => {
    const engine = await open()
    await engine.run(greeter)
    const call = { function_id: 'greeter::greet', payload: { name: 'Ada' } }
    const refused = engine.connect({ session: { forbiddenFunctions: ['greeter::greet'] } })
    await expect(refused.trigger(call)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const allowed = engine.connect({ session: { allowedFunctions: ['greeter::greet'] } })
    expect(await allowed.trigger(call)).toEqual({ text: 'Hello, Ada' })
  })
})

describe('a worker', () => {
  test('provides functions until it closes its connection', async () => {
    const engine = await open()
    const worker = engine.connect({ name: 'outside' })
    worker.registerFunction('outside::f', (data: unknown) => ({ data }))
    await settled()
    expect(await engine.call('outside::f', 1)).toEqual({ data: 1 })
    const { workers } = await engine.call('engine::workers::list', {})
    expect(workers).toContainEqual(expect.objectContaining({ id: worker.id, name: 'outside', function_count: 1 }))
    worker.close()
    await settled()
    await expect(engine.call('outside::f')).rejects.toMatchObject({ code: 'function_not_found' })
  })

  test('exchanges channels with a plugin', async () => {
    const engine = await open()
    const echo = definePlugin({
      name: 'echo',
      start({ iii }) {
        iii.registerFunction('echo::shout', async ({ from, to }: { from: ChannelReader; to: ChannelWriter }) => {
          to.write((await from.readAll()).toString().toUpperCase())
          to.close()
        })
      },
    })
    await engine.run(echo)
    const worker = engine.connect()
    const [question, answer] = [await worker.createChannel(), await worker.createChannel()]
    const payload = { from: question.readerRef, to: answer.writerRef }
    const called = worker.trigger({ function_id: 'echo::shout', payload })
    question.writer.write('hello')
    question.writer.close()
    expect((await answer.reader.readAll()).toString()).toBe('HELLO')
    await called
  })
})

describe('triggers', () => {
  const ticker = definePlugin({
    name: 'ticker',
    start({ iii }) {
      const bound = new Map<string, { function_id: string }>()
      iii.registerTriggerType(
        { id: 'tick' },
        {
          registerTrigger({ id, function_id, config }) {
            if (config.every === 0) throw new Error('every 0 is never')
            bound.set(id, { function_id })
          },
          unregisterTrigger: ({ id }) => void bound.delete(id),
        },
      )
      iii.registerFunction('ticker::tick', async () => {
        for (const [binding, { function_id }] of bound) await iii.trigger({ function_id, payload: 'tick', binding })
      })
    },
  })

  test('a binding fires until it is unregistered', async () => {
    const engine = await open()
    await engine.run(ticker)
    const seen: unknown[] = []
    engine.connect().registerFunction('test::seen', (data) => void seen.push(data))
    const bound = await engine.bind({ type: 'tick', function_id: 'test::seen', config: { every: 1 } })
    await engine.call('ticker::tick')
    bound.unregister()
    await engine.call('ticker::tick')
    expect(seen).toEqual(['tick'])
    expect(engine.calls.filter(({ from }) => from === 'ticker')).toMatchObject([
      { function_id: 'test::seen', payload: 'tick', binding: bound.id },
    ])
  })

  test('a binding that the provider refuses rejects with its words', async () => {
    const engine = await open()
    await engine.run(ticker)
    await expect(engine.bind({ type: 'tick', function_id: 'f', config: { every: 0 } })).rejects.toMatchObject({
      code: 'trigger_registration_failed',
      message: expect.stringContaining('every 0 is never'),
    })
  })

  test('a type that nobody provides is named', async () => {
    const engine = await open()
    await expect(engine.bind({ type: 'tick', function_id: 'f' })).rejects.toThrow("trigger type 'tick'")
  })

  test('types of the engine itself take bindings', async () => {
    const engine = await open()
    const seen: unknown[] = []
    engine.connect().registerFunction('test::seen', (event: { event: string }) => void seen.push(event.event))
    await engine.bind({ type: 'engine::workers-available', function_id: 'test::seen' })
    engine.connect({ name: 'other' })
    await settled()
    expect(seen).toEqual(['worker_connected', 'worker_metadata_updated'])
  })
})
