// Plugins that are saved under load while something else goes on as well: calls of their own, through a worker, to each other;
// bindings that come and go; a configuration file that changes at the same moment.
import { expect, it } from 'vitest'
import { within } from '../../support/deadline.ts'
import { report } from '../network/engine-under-test.ts'
import { seenCallHandler, type SeenCall } from './answer-ledger.ts'
import { startPluginEngine } from './plugin-engine.ts'
import { CALLERS, expectNeverFailed, LIVE_MS, plugin, reloadUnderLoad, startLoad } from './reload-run.ts'

it('whose handlers call themselves, and call it again through a worker', async () => {
  interface Nested extends SeenCall {
    readonly own: number
    readonly relayed: number
  }
  const nested = (version: number): string =>
    plugin(
      'nested',
      version,
      `
    iii.registerFunction('nested::leaf', () => VERSION)
    iii.registerFunction('nested::outer', async ({ caller, n }) => {
      const previous = lastOf.get(caller) ?? null
      lastOf.set(caller, n)
      const [own, relayed] = await Promise.all([
        iii.trigger({ function_id: 'nested::leaf', payload: {} }),
        iii.trigger({ function_id: 'relay::back', payload: {} }),
      ])
      return { version: VERSION, n, previous, own, relayed }
    })`,
    )
  const engine = await startPluginEngine({ plugins: { nested: nested(1) } })
  const relay = await engine.connect('relay')
  await relay.register('relay::back', () => relay.result('nested::leaf', {}))
  const run = await startLoad(engine, ['nested::outer'])
  await reloadUnderLoad('calls itself and through a worker', 200, run, (version) =>
    engine.save('nested', nested(version)),
  )

  await expectNeverFailed(engine, 'nested')
  // While it drains, a generation's own calls reach itself: nobody sees two generations in one call.
  for (let caller = 0; caller < CALLERS; caller++) {
    const mixed = run.ledger
      .resultsOf<Nested>(caller)
      .filter(({ version, own, relayed }) => own !== version || relayed !== version)
    expect(mixed.slice(0, 5), `${mixed.length} answers of two generations`).toEqual([])
  }
}, 120_000)

it('whose trigger type is bound and unbound', async () => {
  const BINDINGS = 24
  const pulse = (version: number): string =>
    plugin(
      'pulse',
      version,
      `
    const bound = new Map()
    iii.registerTriggerType({ id: 'pulse', description: 'Fires when told' }, {
      registerTrigger: (binding) => void bound.set(binding.id, binding.function_id),
      unregisterTrigger: ({ id }) => void bound.delete(id),
    })
    iii.registerFunction('pulse::bound', () => [...bound.keys()].sort())
    iii.registerFunction('pulse::fire', async () => {
      for (const function_id of bound.values()) await iii.trigger({ function_id, payload: { version: VERSION } })
      return bound.size
    })
    iii.registerFunction('pulse::next', ${seenCallHandler()})`,
    )
  const engine = await startPluginEngine({ plugins: { pulse: pulse(1) } })
  const consumer = await engine.connect('consumer')
  const fired: string[] = []
  for (let index = 0; index < BINDINGS; index++)
    await consumer.register(`on::pulse-${index}`, () => void fired.push(`b${index}`))
  const bound = new Set<string>()
  let changes = 0
  const toggle = (index: number): void => {
    const id = `b${index}`
    changes++
    if (bound.delete(id)) consumer.send({ type: 'unregistertrigger', id, trigger_type: 'pulse' })
    else {
      bound.add(id)
      consumer.send({
        type: 'registertrigger',
        id,
        trigger_type: 'pulse',
        function_id: `on::pulse-${index}`,
        config: { index },
      })
    }
  }
  const run = await startLoad(engine, ['pulse::next'])
  let quiet = false
  const toggling = setInterval(() => {
    if (!quiet) toggle((changes * 7) % BINDINGS)
  }, 3)
  await reloadUnderLoad('bound and unbound', 200, run, async (version) => {
    await engine.saveByRename('pulse', pulse(version))
    if (version % 20 !== 0) return
    quiet = true
    const before = [...bound].sort()
    expect(await settled(() => consumer.result('pulse::bound'), before)).toEqual(before)
    fired.length = 0
    expect(await consumer.result('pulse::fire')).toBe(before.length)
    expect([...fired].sort()).toEqual(before)
    quiet = false
  })
  clearInterval(toggling)
  const last = [...bound].sort()
  expect(await settled(() => consumer.result('pulse::bound'), last)).toEqual(last)
  const { registered_triggers: rows } = await consumer.result('engine::registered-triggers::list', {
    trigger_type: 'pulse',
  })
  expect(rows.map(({ id }: { id: string }) => id).sort()).toEqual(last)
  report(`bound and unbound: ${changes} changes of bindings`)
  await expectNeverFailed(engine, 'pulse')
}, 120_000)

it('that call each other and are saved together', async () => {
  interface Paired extends SeenCall {
    readonly other: number
  }
  const paired =
    (name: string, other: string) =>
    (version: number): string =>
      plugin(
        name,
        version,
        `
    iii.registerFunction('${name}::leaf', () => VERSION)
    iii.registerFunction('${name}::go', async ({ caller, n }) => {
      const previous = lastOf.get(caller) ?? null
      lastOf.set(caller, n)
      return { version: VERSION, n, previous, other: await iii.trigger({ function_id: '${other}::leaf', payload: {} }) }
    })`,
      )
  const [ping, pong] = [paired('ping', 'pong'), paired('pong', 'ping')]
  const engine = await startPluginEngine({ plugins: { ping: ping(1), pong: pong(1) } })
  const run = await startLoad(engine, ['ping::go', 'pong::go'])
  await reloadUnderLoad('call each other', 200, run, async (version) => {
    await Promise.all([engine.save('ping', ping(version)), engine.saveByRename('pong', pong(version))])
  })
  await expectNeverFailed(engine, 'ping', 'pong')
  for (let caller = 0; caller < CALLERS; caller++) {
    // The two are replaced one after the other, and neither goes back.
    const others = run.ledger.resultsOf<Paired>(caller).map(({ other }) => other)
    expect(others.every((other, n) => n === 0 || other >= others[n - 1]!)).toBe(true)
    expect(others.at(-1)).toBeGreaterThan(190)
  }
}, 120_000)

it('that call each other after a while, so that who may pass their gates changes all the time', async () => {
  interface Later extends SeenCall {
    /** Which call of its generation to the other plugin. */
    readonly nth: number
    readonly other: number
    readonly inOrder: boolean
  }
  const paired =
    (name: string, other: string) =>
    (version: number): string =>
      plugin(
        name,
        version,
        `
    let calls = 0
    const newestOf = new Map()
    iii.registerFunction('${name}::leaf', ({ from, nth }) => {
      const newest = newestOf.get(from) ?? 0
      newestOf.set(from, nth)
      return { other: VERSION, inOrder: nth > newest }
    })
    iii.registerFunction('${name}::go', async ({ caller, n }) => {
      const previous = lastOf.get(caller) ?? null
      lastOf.set(caller, n)
      if (caller > 1) await new Promise((resolve) => setTimeout(resolve, n % 40))
      const nth = ++calls
      const seen = await iii.trigger({ function_id: '${other}::leaf', payload: { from: VERSION, nth } })
      return { version: VERSION, n, previous, nth, ...seen }
    })`,
      )
  const [ping, pong] = [paired('ping', 'pong'), paired('pong', 'ping')]
  const engine = await startPluginEngine({ plugins: { ping: ping(1), pong: pong(1) } })
  const run = await startLoad(engine, ['ping::go', 'pong::go'])
  await reloadUnderLoad('call each other after a while', 100, run, async (version) => {
    await Promise.all([engine.save('ping', ping(version)), engine.saveByRename('pong', pong(version))])
  })
  await expectNeverFailed(engine, 'ping', 'pong')
  for (const plugin of [0, 1]) {
    const calls = [plugin, plugin + 2].flatMap((caller) => run.ledger.resultsOf<Later>(caller))
    // Of each generation, in the order in which it made them.
    calls.sort((a, b) => a.version - b.version || a.nth - b.nth)
    const disorder = calls.filter(({ other, inOrder }, n) => !inOrder || other < (calls[n - 1]?.other ?? 0))
    expect(disorder.slice(0, 5), `${disorder.length} calls of one generation out of order`).toEqual([])
  }
}, 120_000)

it('while the configuration file changes at the same moment', async () => {
  const RELOADS = 200
  interface Configured extends SeenCall {
    readonly step: number
  }
  const schema = `
  config: { type: 'object', properties: { step: { type: 'integer' } }, additionalProperties: false },`
  const configured = (version: number): string =>
    plugin(
      'configured',
      version,
      `iii.registerFunction('configured::next', ${seenCallHandler('seen.step = config.step')})`,
      schema,
    )
  const entries = (step: number): string => `  - name: configured\n    config: { step: ${step} }\n`
  const engine = await startPluginEngine({ plugins: { configured: configured(1) }, entries: entries(1) })
  const { ledger, load, callers } = await startLoad(engine, ['configured::next'])
  const takenUp = async (version: number): Promise<void> => {
    const { step } = (await engine.observer.result('configured::next', { caller: -1, n: version })) as Configured
    if (step < version) return takenUp(version)
  }
  for (let version = 2; version <= RELOADS + 1; version++) {
    const both = [() => engine.save('configured', configured(version)), () => engine.configure(entries(version))]
    if (version % 2 === 0) both.reverse()
    await Promise.all(both.map((write) => write()))
    await within(LIVE_MS, `an answer of version ${version}`, ledger.answeredBy(version))
    await within(LIVE_MS, `an answer with step ${version}`, takenUp(version))
  }
  const { calls, callsPerSecond } = await load.stop()
  report(`configuration at the same moment: ${RELOADS} times, ${calls} calls at ${callsPerSecond}/s`)
  ledger.check(load.sent, { sameCodeAgain: true })
  expect(callers.map(({ counts: { unexpected } }) => unexpected)).toEqual(callers.map(() => 0))
  // The load is offered at its rate; how much of it a busy machine manages is reported, not judged.
  expect(calls).toBeGreaterThan(10 * RELOADS)
  await expectNeverFailed(engine, 'configured')
  for (let caller = 0; caller < CALLERS; caller++) {
    const steps = ledger.resultsOf<Configured>(caller).map(({ step }) => step)
    expect(steps.every((step, n) => n === 0 || step >= steps[n - 1]!)).toBe(true)
  }
}, 120_000)

/** Reads until the value is there, or a deadline has passed: frames of one worker are in order, the provider is told in a later one. */
async function settled<Value>(read: () => Promise<Value>, wanted: Value): Promise<Value> {
  const deadline = performance.now() + 5_000
  for (;;) {
    const value = await read()
    if (JSON.stringify(value) === JSON.stringify(wanted) || performance.now() > deadline) return value
  }
}
