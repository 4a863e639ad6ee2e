// What the engine knows of itself: figures, the hook on calls, and the tap on its log; off while nobody asks.
import { describe, expect, it } from 'vitest'
import type { Call } from '../../../core/model/call.ts'
import type { LogLine } from '../../../core/log.ts'
import { CallFigures, OTHER } from '../../../core/telemetry/call-figures.ts'
import type { SpanHook } from '../../../core/telemetry/span-hook.ts'
import { makeCall } from '../router/calls.ts'
import { makeRouter } from '../router/test-router.ts'
import { sessionPolicy } from '../engine-functions/engine.ts'

/** Notes what it is told as `begin f` and `end f code`. */
class Notes implements SpanHook {
  readonly told: string[] = []

  begin({ functionId }: Call): void {
    this.told.push(`begin ${functionId}`)
  }

  end({ functionId }: Call, error: Buffer | undefined): void {
    const code = error === undefined ? 'ok' : (JSON.parse(error.toString()) as { code: string }).code
    this.told.push(`end ${functionId} ${code}`)
  }
}

const VOID = { type: 'void' } as const

describe('the hook on calls', () => {
  it('is asked before dispatch and after settlement', () => {
    const test = makeRouter()
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    const spans = new Notes()
    test.telemetry.turnOn({ spans })
    test.call(caller, 'f')
    expect(spans.told).toEqual(['begin f'])
    test.reply(provider, 1)
    expect(spans.told).toEqual(['begin f', 'end f ok'])
  })

  it('may give a call its own trace context', () => {
    const test = makeRouter()
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    let delivered: string | undefined
    provider.link.deliver = (call) => void (delivered = call.traceparent)
    test.telemetry.turnOn({ spans: { begin: (call) => void (call.traceparent = 'own'), end() {} } })
    test.call(caller, 'f')
    expect(delivered).toBe('own')
  })

  it('hears of the end of calls that reach nobody, and of void ones', () => {
    const test = makeRouter({ duplicate_functions: 'load_balance' })
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    const spans = new Notes()
    test.telemetry.turnOn({ spans })
    test.call(caller, 'nobody')
    test.call(caller, 'f', {}, VOID)
    test.reply(provider, null)
    test.call(caller, 'f')
    test.router.endWorker(provider.worker, { abnormal: false })
    expect(spans.told).toEqual([
      'begin nobody',
      'end nobody function_not_found',
      'begin f',
      'end f ok',
      'begin f',
      'end f invocation_stopped',
    ])
  })

  it('hears of the end of a call whose caller has left while it was held', () => {
    const test = makeRouter({ restart_grace_ms: 60_000 })
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    test.router.endWorker(provider.worker, { abnormal: true })
    const spans = new Notes()
    test.telemetry.turnOn({ spans })
    test.call(caller, 'f')
    test.router.endWorker(caller.worker, { abnormal: false })
    test.provide(test.join().worker, 'f')
    expect(spans.told).toEqual(['begin f', 'end f invocation_stopped'])
  })

  it('hears of calls that the engine makes', async () => {
    const test = makeRouter()
    const provider = test.join()
    test.provide(provider.worker, 'f')
    const spans = new Notes()
    test.telemetry.turnOn({ spans })
    const asked = test.router.invoke({ functionId: 'f', data: Buffer.from('{}') })
    test.reply(provider, 1)
    await asked
    expect(spans.told).toEqual(['begin f', 'end f ok'])
  })

  it('is not asked while nobody listens', () => {
    const test = makeRouter()
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    const spans = new Notes()
    test.telemetry.turnOn({ spans })
    test.telemetry.turnOff()
    test.call(caller, 'f')
    test.reply(provider, 1)
    expect([spans.told, test.telemetry.observer, test.telemetry.figures]).toEqual([[], undefined, undefined])
  })
})

describe('figures', () => {
  it('count calls, errors and latency per function and per worker while they are on', () => {
    const test = makeRouter()
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    test.telemetry.turnOn()
    test.call(caller, 'f')
    test.reply(provider, 1)
    test.call(caller, 'f')
    test.router.failCalls(provider.worker)
    test.call(caller, 'nobody')
    const { figures } = test.telemetry
    expect(figures?.functions.get('f')).toMatchObject({ calls: 2, errors: 1, latency: { count: 2 } })
    expect(figures?.functions.get('nobody')).toMatchObject({ calls: 1, errors: 1, latency: { count: 0 } })
    expect(figures?.workers.get(provider.worker.id)).toMatchObject({ calls: 2, errors: 1 })
    test.router.endWorker(provider.worker, { abnormal: false })
    expect(figures?.workers.size).toBe(0)
  })

  it('keep a row of their own for so many functions, and one for the rest', () => {
    const caller = makeRouter().join().worker
    const figures = new CallFigures(2)
    for (const id of ['a', 'b', 'c', 'd', 'a']) figures.record(makeCall(caller, id), false)
    expect([...figures.functions].map(([id, { calls }]) => [id, calls])).toEqual([
      ['a', 2],
      ['b', 1],
      [OTHER, 2],
    ])
  })

  it('of all calls are kept always, by outcome', () => {
    const test = makeRouter()
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    test.call(caller, 'f')
    test.reply(provider, 1)
    test.call(caller, 'f', {}, VOID)
    test.call(caller, 'nobody')
    test.call(caller, 'nobody', {}, VOID)
    test.call(caller, 'f')
    expect(test.telemetry.snapshot()).toMatchObject({
      'iii.invocations.total': 5,
      'iii.invocations.success': 2,
      'iii.invocations.error': 2,
      'iii.invocations.deferred': 1,
      'iii.invocations.void.dropped': 1,
      'iii.invocations.void.open': 1,
    })
  })

  it('tell of workers, plugins, registrations and gates', () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['p::f'], { builtIn: true, maxInFlight: 1 })
    const caller = test.join()
    test.provide(caller.worker, 'f')
    test.provide(caller.worker, 'p::f')
    test.provide(test.join({ policy: sessionPolicy({ allowFunctionRegistration: false }) }).worker, 'g')
    test.call(caller, 'p::f')
    test.call(caller, 'p::f')
    test.router.endWorker(generation.worker, { abnormal: true })
    test.call(caller, 'p::f')
    expect(slot.gate.size).toBe(1)
    expect(test.telemetry.snapshot()).toMatchObject({
      'iii.workers.spawns': 3,
      'iii.workers.deaths': 1,
      'iii.workers.active': 2,
      'iii.workers.connected': 2,
      'iii.plugins.lost': 1,
      'iii.registrations.accepted': 1,
      'iii.registrations.refused': 2,
      'iii.functions.active': 1,
      'iii.invocations.overloaded': 1,
      'iii.gate.waits': 1,
      'iii.gate.held': 1,
    })
  })

  it('show the duration of calls while they are observed', () => {
    const test = makeRouter()
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    expect(test.telemetry.snapshot()).not.toHaveProperty('iii.invocation.duration')
    test.telemetry.turnOn()
    test.call(caller, 'f')
    test.reply(provider, 1)
    expect(test.telemetry.snapshot()['iii.invocation.duration']).toMatchObject({ count: 1 })
  })
})

describe('the tap on the log', () => {
  const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

  it('hands over the lines of a turn with level, message and the fields of the log that wrote them', async () => {
    const { telemetry, router } = makeRouter()
    const taken: LogLine[][] = []
    telemetry.turnOn({ takeLines: (lines) => void taken.push([...lines]) })
    router.log.child({ plugin: 'p' }).info('one', { n: 1 })
    router.log.trace('below the level of the log')
    router.log.error('two')
    await turn()
    expect(taken).toMatchObject([
      [
        { level: 'info', message: 'one', fields: { plugin: 'p', n: 1 } },
        { level: 'error', message: 'two', fields: {} },
      ],
    ])
  })

  it('does not hand over what the taker logs itself', async () => {
    const { telemetry, router } = makeRouter()
    const taken: string[] = []
    telemetry.turnOn({
      takeLines: (lines) => {
        taken.push(...lines.map(({ message }) => message))
        router.log.warn('taken')
      },
    })
    router.log.info('one')
    await turn()
    await turn()
    expect(taken).toEqual(['one'])
  })

  it('drops the oldest lines of a flood, and counts them', async () => {
    const { telemetry, router } = makeRouter()
    const taken: string[] = []
    telemetry.turnOn({ takeLines: (lines) => void taken.push(...lines.map(({ message }) => message)) })
    for (let n = 0; n < 1_002; n++) router.log.info(`line ${n}`)
    await turn()
    expect([taken.length, taken[0]]).toEqual([1_000, 'line 2'])
    expect(telemetry.snapshot()['iii.log.lines.dropped']).toBe(2)
  })

  it('is closed with the rest', async () => {
    const { telemetry, router } = makeRouter()
    const taken: unknown[] = []
    telemetry.turnOn({ takeLines: (lines) => void taken.push(...lines) })
    router.log.info('one')
    telemetry.turnOff()
    router.log.info('two')
    await turn()
    expect(taken).toEqual([])
  })
})
