import { describe, expect, it } from 'vitest'
import { makeRouter } from './test-router.ts'
import type { TestWorker } from './calls.ts'

const NOT_RUN = Buffer.from('{"code":"plugin_unavailable","message":"not run"}')

describe('change of generation', () => {
  it('delivers every call that came meanwhile to the new generation, in order', async () => {
    const test = makeRouter()
    const { slot, generation: old } = test.plugin('p', ['f'])
    const caller = test.join()
    test.call(caller, 'f', 'before')
    const handOver = test.router.beginHandOver([slot])
    const drained = handOver.drain(1000)
    for (let n = 0; n < 10; n++) test.call(caller, 'f', n)
    expect(old.link.delivered).toHaveLength(1)
    test.reply(old, 'done')
    expect(await drained).toBe(true)
    const next = test.generation(slot)
    handOver.stage(next.worker)
    test.provide(next.worker, 'f')
    handOver.commit()
    expect(next.link.delivered.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(old.link.delivered).toHaveLength(1)
    expect(slot.workers).toEqual([next.worker])
  })

  it('shows nobody but the group what is staged, and callers wait rather than miss', async () => {
    const test = makeRouter()
    const { slot } = test.plugin('p', ['f'])
    const caller = test.join()
    const handOver = test.router.beginHandOver([slot])
    await handOver.drain(1000)
    const next = test.generation(slot)
    handOver.stage(next.worker)
    test.provide(next.worker, 'f')
    test.provide(next.worker, 'f::new')
    const missed = test.call(caller, 'f::new')
    expect(test.answerTo(caller, missed)?.error?.code).toBe('function_not_found')
    test.call(caller, 'f', 'held')
    expect(next.link.delivered).toEqual([])
    test.call(next, 'f', 'own')
    expect(next.link.delivered.map(({ data }) => data)).toEqual(['own'])
    handOver.commit()
    expect(next.link.delivered.map(({ data }) => data)).toEqual(['own', 'held'])
    test.call(caller, 'f::new', 'now')
    expect(next.link.delivered.at(-1)?.data).toBe('now')
  })

  it('drops ids that the new generation does not register', async () => {
    const test = makeRouter()
    const { slot } = test.plugin('p', ['f', 'gone'])
    const [external, caller] = [test.join(), test.join()]
    test.provide(external.worker, 'gone')
    const handOver = test.router.beginHandOver([slot])
    await handOver.drain(1000)
    const next = test.generation(slot)
    handOver.stage(next.worker)
    test.provide(next.worker, 'f')
    handOver.commit()
    test.call(caller, 'gone', 'to the external worker')
    expect(external.link.delivered).toHaveLength(1)
  })

  it('lets a call pass that a worker makes while it owes the plugin an answer: f → worker → f', async () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['f'])
    const [worker, caller] = [test.join(), test.join()]
    test.provide(worker.worker, 'w')
    test.call(caller, 'f', 'outer')
    test.call(generation, 'w', 'via')
    const handOver = test.router.beginHandOver([slot])
    const drained = handOver.drain(1000)
    test.call(caller, 'f', 'waits')
    test.call(worker, 'f', 'inner')
    expect(generation.link.delivered.map(({ data }) => data)).toEqual(['outer', 'inner'])
    const callIds = [...generation.worker.calls].map(({ callId }) => callId)
    test.router.settle(generation.worker, callIds[1] ?? 0, Buffer.from('1'), undefined)
    test.reply(worker, 2)
    test.reply(generation, 3)
    expect(await drained).toBe(true)
  })

  it('of a plugin that must be quiet waits for answers that it is owed, too: whoever owes one might call it while it stops', async () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['f'])
    const [worker, caller] = [test.join(), test.join()]
    test.provide(worker.worker, 'w')
    test.call(caller, 'f')
    test.call(generation, 'w', 'an event')
    const handOver = test.router.beginHandOver([slot])
    const drained = handOver.drain(1000, 'quiet')
    let isDrained = false
    void drained.then(() => (isDrained = true))
    test.reply(generation, 'done')
    await Promise.resolve()
    expect(isDrained).toBe(false)
    test.reply(worker, 'handled')
    expect(await drained).toBe(true)
    test.call(worker, 'f', 'after')
    expect(generation.link.delivered).toHaveLength(1)
    handOver.reopen()
  })

  it('lets a job pass that is enqueued by who owes the queue an answer: a job that enqueues the next one', async () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('queue', ['engine::queue::enqueue'], { builtIn: true })
    const [worker, caller] = [test.join(), test.join()]
    test.provide(worker.worker, 'w')
    test.call(generation, 'w', 'a job')
    const handOver = test.router.beginHandOver([slot])
    expect(await handOver.drain(1000)).toBe(true)
    test.call(caller, 'w', 1, { type: 'enqueue', queue: 'q' })
    expect(generation.link.delivered).toEqual([])
    test.call(worker, 'w', 2, { type: 'enqueue', queue: 'q' })
    expect(generation.link.delivered).toHaveLength(1)
    handOver.reopen()
    expect(generation.link.delivered).toHaveLength(2)
  })

  it('lets it pass over several workers, and first what such a worker had sent before', async () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['f'])
    const [a, b, caller] = [test.join(), test.join(), test.join()]
    test.provide(a.worker, 'a')
    test.provide(b.worker, 'b')
    test.call(caller, 'f', 'outer')
    const handOver = test.router.beginHandOver([slot])
    void handOver.drain(1000)
    test.call(b, 'f', 'early')
    expect(generation.link.delivered.map(({ data }) => data)).toEqual(['outer'])
    test.call(generation, 'a')
    test.call(a, 'b')
    expect(generation.link.delivered.map(({ data }) => data)).toEqual(['outer', 'early'])
    test.call(b, 'f', 'late')
    expect(generation.link.delivered.map(({ data }) => data)).toEqual(['outer', 'early', 'late'])
    handOver.reopen()
  })

  it('lets first pass what such a worker had sent before, whatever somebody else was answered since', async () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['f'])
    const [worker, other, caller] = [test.join(), test.join(), test.join()]
    test.provide(worker.worker, 'w')
    test.provide(other.worker, 'other')
    test.call(caller, 'f', 'outer')
    test.call(generation, 'other')
    const handOver = test.router.beginHandOver([slot])
    void handOver.drain(1000)
    test.call(worker, 'f', 'early')
    test.reply(other, 'done')
    test.call(generation, 'w')
    expect(generation.link.delivered.map(({ data }) => data)).toEqual(['outer', 'early'])
    test.call(worker, 'f', 'late')
    expect(generation.link.delivered.map(({ data }) => data)).toEqual(['outer', 'early', 'late'])
    handOver.reopen()
  })

  it('keeps the calls of a worker waiting once it has answered', async () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['f'])
    const [worker, caller] = [test.join(), test.join()]
    test.provide(worker.worker, 'w')
    test.call(caller, 'f', 'outer')
    test.call(generation, 'w')
    const handOver = test.router.beginHandOver([slot])
    void handOver.drain(1000)
    test.reply(worker, 1)
    test.call(worker, 'f', 'after')
    expect(generation.link.delivered.map(({ data }) => data)).toEqual(['outer'])
    handOver.reopen()
    expect(generation.link.delivered.map(({ data }) => data)).toEqual(['outer', 'after'])
  })

  it('says so when the old generation does not become idle, and goes back to it in order', async () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['f'])
    const caller = test.join()
    test.call(caller, 'f', 'endless')
    const handOver = test.router.beginHandOver([slot])
    const drained = handOver.drain(5)
    test.call(caller, 'f', 1)
    test.call(caller, 'f', 2)
    expect(await drained).toBe(false)
    handOver.reopen()
    expect(generation.link.delivered.map(({ data }) => data)).toEqual(['endless', 1, 2])
  })

  it('fails what is left only by force', async () => {
    const test = makeRouter()
    const { slot } = test.plugin('p', ['f'])
    const caller = test.join()
    const id = test.call(caller, 'f', 'endless')
    const handOver = test.router.beginHandOver([slot])
    expect(await handOver.drain(5)).toBe(false)
    handOver.failRemaining("plugin 'p' was stopped")
    expect(test.answerTo(caller, id)?.error?.code).toBe('invocation_stopped')
  })

  it('holds the calls while a plugin restarts after a crash', () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['f'])
    const caller = test.join()
    const lost = test.call(caller, 'f', 'lost')
    test.router.endWorker(generation.worker, { abnormal: true })
    expect(test.answerTo(caller, lost)?.error?.code).toBe('invocation_stopped')
    test.call(caller, 'f', 'kept')
    const handOver = test.router.beginHandOver([slot])
    const next = test.generation(slot)
    handOver.stage(next.worker)
    test.provide(next.worker, 'f')
    handOver.commit()
    expect(next.link.delivered.map(({ data }) => data)).toEqual(['kept'])
  })

  it('gives up waiting calls of a plugin that does not come back with plugin_unavailable', async () => {
    const test = makeRouter({ gate_ms: 10 })
    const { generation } = test.plugin('p', ['f'])
    const caller = test.join()
    test.router.endWorker(generation.worker, { abnormal: true })
    const id = test.call(caller, 'f')
    await expect.poll(() => test.answerTo(caller, id)?.error?.code).toBe('plugin_unavailable')
  })

  it('without a drain never closes the gate; the old generation answers what it has', async () => {
    const test = makeRouter()
    const { slot, generation: old } = test.plugin('p', ['f'])
    const caller = test.join()
    const before = test.call(caller, 'f', 'before')
    const handOver = test.router.beginHandOver([slot])
    test.call(caller, 'f', 'during')
    expect(old.link.delivered.map(({ data }) => data)).toEqual(['before', 'during'])
    const next = test.generation(slot)
    handOver.stage(next.worker)
    test.provide(next.worker, 'f')
    handOver.commit()
    test.call(caller, 'f', 'after')
    expect(next.link.delivered.map(({ data }) => data)).toEqual(['after'])
    const idle = test.router.idle(old.worker, 1000)
    test.reply(old, 'ok')
    test.reply(old, 'ok')
    expect(await idle).toBe(true)
    expect(test.answerTo(caller, before)?.result).toBe('ok')
  })

  it('of two plugins together lets ids move between them, and refuses an id that both register', async () => {
    const test = makeRouter()
    const one = test.plugin('one', ['f'])
    const two = test.plugin('two', ['g'])
    const handOver = test.router.beginHandOver([one.slot, two.slot])
    await handOver.drain(1000)
    const [nextOne, nextTwo] = [test.generation(one.slot), test.generation(two.slot)]
    handOver.stage(nextOne.worker)
    handOver.stage(nextTwo.worker)
    test.provide(nextOne.worker, 'g')
    test.provide(nextTwo.worker, 'f')
    expect(handOver.conflicts).toEqual([])
    test.provide(nextOne.worker, 'f')
    expect(handOver.conflicts).toEqual(["function 'f' is registered by both plugin 'two' and plugin 'one'"])
    handOver.commit()
    const caller = test.join()
    test.call(caller, 'g', 'moved')
    expect(nextOne.link.delivered.map(({ data }) => data)).toEqual(['moved'])
  })

  it('refuses an id of a plugin outside the hand-over', () => {
    const test = makeRouter()
    test.plugin('owner', ['f'])
    const slot = test.router.openSlot('late', { builtIn: false, maxInFlight: 10, maxInFlightBytes: 1000 })
    const handOver = test.router.beginHandOver([slot])
    const generation = test.generation(slot)
    handOver.stage(generation.worker)
    test.provide(generation.worker, 'f')
    expect(handOver.conflicts).toEqual(["function 'f' of plugin 'late' belongs to plugin 'owner'"])
    handOver.abandon()
  })

  it('refuses to begin a second hand-over of a plugin while one runs', () => {
    const test = makeRouter()
    const { slot } = test.plugin('p', ['f'])
    test.router.beginHandOver([slot])
    expect(() => test.router.beginHandOver([slot])).toThrow("a hand-over of plugin 'p' is running")
  })

  it('abandoned, leaves no trace of the staged generation', async () => {
    const test = makeRouter()
    const { slot } = test.plugin('p', ['f'])
    const handOver = test.router.beginHandOver([slot])
    await handOver.drain(1000)
    const next = test.generation(slot)
    handOver.stage(next.worker)
    test.provide(next.worker, 'f')
    test.provide(next.worker, 'extra')
    handOver.abandon()
    test.router.endWorker(next.worker, { abnormal: false })
    expect(test.router.functions.find('default', 'extra')).toBeUndefined()
    expect(test.router.functions.find('default', 'f')?.slot).toBe(slot)
  })
})

describe('a worker that owes a plugin an answer while it stops', () => {
  /** A drained plugin to which `worker` owes an answer. */
  const stopping = async () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['f'])
    const worker = test.join()
    test.provide(worker.worker, 'w')
    test.call(generation, 'w', 'an event')
    const handOver = test.router.beginHandOver([slot])
    expect(await handOver.drain(1000)).toBe(true)
    const passOn = (): void => test.router.takeBack(generation.worker, generation.link.unanswered.shift()!, NOT_RUN)
    const replace = (): TestWorker => {
      const next = test.generation(slot)
      handOver.stage(next.worker)
      test.provide(next.worker, 'f')
      handOver.commit()
      return next
    }
    return { ...test, slot, generation, worker, handOver, passOn, replace }
  }

  it('has what came too late answered by the generation that follows, in order', async () => {
    const { call, answerTo, reply, generation, worker, passOn, replace } = await stopping()
    const early = call(worker, 'f', 1)
    reply(generation, 'by the old one')
    expect(answerTo(worker, early)?.result).toBe('by the old one')
    const ids = [call(worker, 'f', 2), call(worker, 'f', 3)]
    expect(generation.link.delivered).toHaveLength(3)
    passOn()
    ids.push(call(worker, 'f', 4))
    // It runs none any more: what comes now is not even sent to it.
    expect(generation.link.delivered).toHaveLength(3)
    passOn()
    expect(generation.worker.inFlight).toBe(0)
    const next = replace()
    expect(next.link.delivered.map(({ data }) => data)).toEqual([2, 3, 4])
    for (const _ of ids) reply(next, 'by the new one')
    expect(ids.map((id) => answerTo(worker, id))).toEqual(
      ids.map((invocationId) => ({ invocationId, result: 'by the new one' })),
    )
  })

  it('waits at the gate once it has stopped', async () => {
    const { call, generation, worker, handOver, replace } = await stopping()
    handOver.close(generation.worker)
    call(worker, 'f', 'late')
    expect(generation.link.delivered).toEqual([])
    expect(replace().link.delivered.map(({ data }) => data)).toEqual(['late'])
  })

  it('loses no void call either', async () => {
    const { call, worker, passOn, replace } = await stopping()
    call(worker, 'f', 'void', { type: 'void' })
    passOn()
    expect(replace().link.delivered.map(({ data }) => data)).toEqual(['void'])
  })

  it('is told that the gate is full when it can not take a call back', async () => {
    const { router, call, answerTo, slot, worker, passOn, join } = await stopping()
    const late = call(worker, 'f', 'late')
    const other = join()
    for (let n = 0; n < router.options.gate_max_calls; n++) call(other, 'f', n)
    expect(slot.gate.size).toBe(router.options.gate_max_calls)
    passOn()
    expect(answerTo(worker, late)?.error?.code).toBe('overloaded')
  })

  it('gets the error of a plugin that gives back a call which it had before', async () => {
    const test = makeRouter()
    const { generation } = test.plugin('p', ['f'])
    const caller = test.join()
    const id = test.call(caller, 'f')
    test.router.takeBack(generation.worker, generation.link.unanswered[0]!, NOT_RUN)
    expect(test.answerTo(caller, id)?.error?.code).toBe('plugin_unavailable')
  })
})

describe('hand-overs of different plugins at the same time', () => {
  const two = (test: ReturnType<typeof makeRouter>) => [test.plugin('one', ['f']), test.plugin('two', ['g'])] as const

  it('end independently of each other', async () => {
    const test = makeRouter()
    const [one, second] = two(test)
    const caller = test.join()
    test.call(caller, 'f')
    const slow = test.router.beginHandOver([one.slot])
    const drained = slow.drain(60_000)
    const quick = test.router.beginHandOver([second.slot])
    expect(await quick.drain(60_000)).toBe(true)
    const next = test.generation(second.slot)
    quick.stage(next.worker)
    test.provide(next.worker, 'g')
    test.call(caller, 'g', 'held')
    quick.commit()
    expect(next.link.delivered.map(({ data }) => data)).toEqual(['held'])
    test.call(caller, 'f', 'waits')
    expect(one.generation.link.delivered).toHaveLength(1)
    test.reply(one.generation, 'done')
    expect(await drained).toBe(true)
  })

  it('let two plugins that drain and call each other answer', async () => {
    const test = makeRouter()
    const [one, second] = two(test)
    const caller = test.join()
    test.call(caller, 'f')
    test.call(caller, 'g')
    const drains = [one, second].map(({ slot }) => test.router.beginHandOver([slot]).drain(60_000))
    const [toTwo, toOne] = [test.call(one.generation, 'g'), test.call(second.generation, 'f')]
    for (const { generation } of [one, second])
      while (generation.link.unanswered.length > 0) test.reply(generation, 'ok')
    expect(test.answerTo(one.generation, toTwo)?.error).toBeUndefined()
    expect(test.answerTo(second.generation, toOne)?.error).toBeUndefined()
    expect(await Promise.all(drains)).toEqual([true, true])
  })

  it('let a call pass that waited at a gate before its caller came to drain', async () => {
    const test = makeRouter()
    const [one, second] = two(test)
    const caller = test.join()
    test.call(caller, 'f')
    test.call(caller, 'g')
    const drains = [test.router.beginHandOver([second.slot]).drain(60_000)]
    test.call(one.generation, 'g', 'early')
    expect(second.generation.link.delivered).toHaveLength(1)
    drains.push(test.router.beginHandOver([one.slot]).drain(60_000))
    expect(second.generation.link.delivered.map(({ data }) => data).at(-1)).toBe('early')
    for (const { generation } of [second, one])
      while (generation.link.unanswered.length > 0) test.reply(generation, 'ok')
    expect(await Promise.all(drains)).toEqual([true, true])
  })

  it('let the old code of one answer the new code of another, which starts', async () => {
    const test = makeRouter()
    const [one, second] = two(test)
    const starting = test.router.beginHandOver([one.slot])
    await starting.drain(60_000)
    const next = test.generation(one.slot)
    starting.stage(next.worker)
    const caller = test.join()
    test.call(caller, 'g')
    const drained = test.router.beginHandOver([second.slot]).drain(60_000)
    test.call(next, 'g', 'from its start')
    expect(second.generation.link.delivered.at(-1)?.data).toBe('from its start')
    while (second.generation.link.unanswered.length > 0) test.reply(second.generation, 'ok')
    expect(await drained).toBe(true)
  })

  it('refuse an id that the other has registered and nobody sees yet', async () => {
    const test = makeRouter()
    const [one, second] = two(test)
    const handOvers = [one, second].map(({ slot }) => test.router.beginHandOver([slot]))
    for (const [index, { slot }] of [one, second].entries()) {
      const next = test.generation(slot)
      handOvers[index]?.stage(next.worker)
      test.provide(next.worker, 'new')
    }
    expect(handOvers.map(({ conflicts }) => conflicts)).toEqual([
      [],
      ["function 'new' is registered by both plugin 'one' and plugin 'two'"],
    ])
  })
})

describe('a plugin that has failed', () => {
  it('is answered for at once with the reason, until its next hand-over begins', async () => {
    const test = makeRouter()
    const { slot, generation } = test.plugin('p', ['f'])
    const caller = test.join()
    test.router.endWorker(generation.worker, { abnormal: true })
    const waited = test.call(caller, 'f')
    expect(test.answerTo(caller, waited)).toBeUndefined()
    test.router.refuseCalls(slot, 'it called process.exit(3)')
    const refusal = {
      code: 'plugin_unavailable',
      message: "Plugin 'p' has failed: it called process.exit(3); see: iii plugins list",
    }
    expect(test.answerTo(caller, waited)?.error).toEqual(refusal)
    expect(test.answerTo(caller, test.call(caller, 'f'))?.error).toEqual(refusal)
    const handOver = test.router.beginHandOver([slot])
    const held = test.call(caller, 'f', 'held')
    expect(test.answerTo(caller, held)).toBeUndefined()
    const next = test.generation(slot)
    handOver.stage(next.worker)
    test.provide(next.worker, 'f')
    handOver.commit()
    expect(next.link.delivered.map(({ data }) => data)).toEqual(['held'])
  })
})
