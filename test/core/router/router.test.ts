import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sessionPolicy } from '../engine-functions/engine.ts'
import { makeCall } from './calls.ts'
import { makeRouter } from './test-router.ts'

describe('a call', () => {
  it('reaches its provider with the id of the caller, and the answer comes back', () => {
    const test = makeRouter()
    const provider = test.join()
    const caller = test.join()
    test.provide(provider.worker, 'm::add')
    const id = test.call(caller, 'm::add', { a: 2 })
    expect(provider.link.delivered).toMatchObject([
      { functionId: 'm::add', data: { a: 2 }, callerWorkerId: caller.worker.id },
    ])
    test.reply(provider, { c: 5 })
    expect(test.answerTo(caller, id)).toEqual({ invocationId: id, result: { c: 5 } })
  })

  it('of an unknown id fails with function_not_found, and without a word when it is void', () => {
    const test = makeRouter()
    const caller = test.join()
    const id = test.call(caller, 'x::y')
    expect(test.answerTo(caller, id)?.error).toEqual({ code: 'function_not_found', message: 'Function x::y not found' })
    test.call(caller, 'x::y', {}, { type: 'void' })
    expect(caller.link.answers).toHaveLength(1)
  })

  it('names the namespaces in which a missed id exists', () => {
    const test = makeRouter()
    const provider = test.join()
    provider.worker.namespace = 'shop'
    test.provide(provider.worker, 'x::y')
    const caller = test.join()
    const id = test.call(caller, 'x::y')
    expect(test.answerTo(caller, id)?.error?.message).toBe(
      'Function x::y not found in namespace default. It is registered in namespace(s): shop.',
    )
  })

  it('of an id that is nearly that of a function names it, in the namespace of the call alone', () => {
    const test = makeRouter()
    const [provider, apart, caller] = [test.join(), test.join(), test.join()]
    apart.worker.namespace = 'shop'
    test.provide(provider.worker, 'orders::create')
    test.provide(apart.worker, 'orders::craete')
    test.provide(provider.worker, 'orders::creates', { internal: true })
    const missed = (id: string, namespace: string): string | undefined => {
      test.router.call({ ...makeCall(caller.worker, id), namespace }, undefined)
      return caller.link.answers.at(-1)?.error?.message
    }
    expect(missed('orders::creat', 'default')).toBe("Function orders::creat not found. Did you mean 'orders::create'?")
    expect(missed('orders::creat', 'shop')).toBe(
      "Function orders::creat not found in namespace shop. Did you mean 'orders::craete'?",
    )
    expect(missed('orders::creat', 'none')).toBe('Function orders::creat not found in namespace none.')
  })

  it('of an unknown id names to a session no function and no namespace that it may not see', () => {
    const test = makeRouter()
    const [provider, apart] = [test.join(), test.join()]
    apart.worker.namespace = 'shop'
    for (const id of ['api::list', 'api::lists', 'db::list']) test.provide(provider.worker, id)
    test.provide(apart.worker, 'api::hidden')
    const rights = { expose: [{ match: 'api::*' }], forbiddenFunctions: ['api::lists'] }
    const session = test.join({ policy: sessionPolicy(rights) })
    const missed = (id: string): string | undefined => {
      test.call(session, id)
      return session.link.answers.at(-1)?.error?.message
    }
    expect(missed('api::listss')).toBe("Function api::listss not found. Did you mean 'api::list'?")
    expect(missed('api::lis')).toBe("Function api::lis not found. Did you mean 'api::list'?")
    expect(missed('api::hidden')).toBe('Function api::hidden not found')
    expect(missed('db::lis')).not.toContain('db::list')
  })

  it('in a blank namespace fails with INVALID_NAMESPACE', () => {
    const test = makeRouter()
    const caller = test.join()
    test.router.call({ ...makeCall(caller.worker, 'x::y'), namespace: '  ' }, undefined)
    expect(caller.link.answers[0]?.error?.code).toBe('INVALID_NAMESPACE')
  })

  it('is settled once, and only by the worker that it was delivered to', () => {
    const test = makeRouter()
    const [provider, stranger, caller] = [test.join(), test.join(), test.join()]
    test.provide(provider.worker, 'f')
    test.call(caller, 'f')
    const callId = provider.link.delivered[0]?.callId ?? ''
    test.router.settle(stranger.worker, callId, Buffer.from('"forged"'), undefined)
    expect(caller.link.answers).toEqual([])
    test.router.settle(provider.worker, callId, Buffer.from('1'), undefined)
    test.router.settle(provider.worker, callId, Buffer.from('2'), undefined)
    expect(caller.link.answers.map(({ result }) => result)).toEqual([1])
  })

  it('gets invocation_stopped when its callee ends, and is not tried again elsewhere', () => {
    const test = makeRouter()
    const [a, b, caller] = [test.join(), test.join(), test.join()]
    test.provide(a.worker, 'f')
    const id = test.call(caller, 'f')
    test.provide(b.worker, 'f')
    test.router.endWorker(a.worker, { abnormal: true })
    expect(test.answerTo(caller, id)?.error).toEqual({ code: 'invocation_stopped', message: 'Invocation stopped' })
    expect(b.link.delivered).toEqual([])
  })

  it('has its answer dropped when the caller is gone, and delivered to the connection that took over', () => {
    const test = makeRouter()
    const [provider, old, fresh] = [test.join(), test.join(), test.join()]
    test.provide(provider.worker, 'f')
    test.call(old, 'f')
    old.worker.successor = fresh.worker
    test.router.endWorker(old.worker, { abnormal: true })
    test.reply(provider, 7)
    expect(fresh.link.answers).toMatchObject([{ result: 7 }])
    test.call(fresh, 'f')
    test.router.endWorker(fresh.worker, { abnormal: false })
    test.reply(provider, 8)
    expect(fresh.link.answers).toHaveLength(1)
  })

  it('beyond the limit of unanswered calls settles the oldest one with timeout', () => {
    const test = makeRouter()
    const provider = test.join({ maxUnanswered: 2 })
    const caller = test.join()
    test.provide(provider.worker, 'f')
    const ids = [1, 2, 3].map((n) => test.call(caller, 'f', n))
    expect(test.answerTo(caller, ids[0] ?? '')?.error?.code).toBe('timeout')
    expect(provider.worker.calls.size).toBe(2)
  })

  it('to a worker that does not read is refused with overloaded', () => {
    const test = makeRouter()
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    provider.link.queuedBytes = 65 << 20
    const id = test.call(caller, 'f')
    expect(test.answerTo(caller, id)?.error?.code).toBe('overloaded')
  })

  it('to a congested socket throttles the sender', () => {
    const test = makeRouter()
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    provider.link.congested = true
    test.call(caller, 'f')
    expect(provider.link.throttled).toEqual([caller.link])
  })

  it('is ended by max_invocation_ms', async () => {
    const test = makeRouter({ max_invocation_ms: 20 })
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    const id = test.call(caller, 'f')
    await vi.waitFor(
      () =>
        expect(test.answerTo(caller, id)?.error).toEqual({
          code: 'timeout',
          message: 'Invocation timed out after 20ms',
        }),
      5000,
    )
    test.router.close()
  })

  it('carries the target in the baggage exactly once when a context came in', () => {
    const test = makeRouter()
    const [provider, caller] = [test.join(), test.join()]
    test.provide(provider.worker, 'f')
    const call = makeCall(caller.worker, 'f')
    call.baggage = 'a=1,iii.function.id=other, b=2'
    test.router.call(call, undefined)
    expect(call.baggage).toBe('a=1, b=2,iii.function.id=f')
  })
})

describe('replicas', () => {
  it('share the calls, and the one with fewer unanswered calls is preferred', () => {
    const test = makeRouter()
    const [a, b, caller] = [test.join(), test.join(), test.join()]
    test.provide(a.worker, 'lb::f')
    test.provide(b.worker, 'lb::f')
    for (let n = 0; n < 100; n++) {
      test.call(caller, 'lb::f', n)
      for (const provider of [a, b]) if (provider.worker.calls.size > 0) test.reply(provider, null)
    }
    expect([a.link.delivered.length, b.link.delivered.length]).toEqual([50, 50])
    for (let n = 0; n < 20; n++) {
      test.call(caller, 'lb::f', n)
      if (b.worker.calls.size > 0) test.reply(b, null)
    }
    // The blocked one got one call, everything else went to the other.
    expect(a.worker.calls.size).toBe(1)
    expect(b.link.delivered.length).toBe(69)
  })

  it('leave without the callers noticing', () => {
    const test = makeRouter()
    const [a, b, caller] = [test.join(), test.join(), test.join()]
    test.provide(a.worker, 'f')
    test.provide(b.worker, 'f')
    test.router.endWorker(a.worker, { abnormal: false })
    for (let n = 0; n < 20; n++) {
      const id = test.call(caller, 'f', n)
      test.reply(b, n)
      expect(test.answerTo(caller, id)?.result).toBe(n)
    }
  })

  it('of one connection are one provider with the latest description', () => {
    const test = makeRouter()
    const a = test.join()
    test.provide(a.worker, 'f', { v: 1 })
    test.provide(a.worker, 'f', { v: 2 })
    const entry = test.router.functions.find('default', 'f')
    expect(entry?.providers).toHaveLength(1)
    expect(entry?.presented?.registration.metadata).toEqual({ v: 2 })
  })

  it('are passed over while they are congested or suspected dead', () => {
    const test = makeRouter()
    const [a, b, caller] = [test.join(), test.join(), test.join()]
    test.provide(a.worker, 'f')
    test.provide(b.worker, 'f')
    a.link.congested = true
    for (let n = 0; n < 4; n++) test.call(caller, 'f')
    expect(a.link.delivered).toEqual([])
    a.link.congested = false
    b.worker.suspectedZombie = true
    test.call(caller, 'f')
    expect(a.link.delivered).toHaveLength(1)
  })

  it('in mode replace the newest serves and the older one takes over when it leaves', () => {
    const test = makeRouter({ duplicate_functions: 'replace' })
    const [a, b, caller] = [test.join(), test.join(), test.join()]
    test.provide(a.worker, 'f')
    test.provide(b.worker, 'f')
    for (let n = 0; n < 4; n++) test.call(caller, 'f')
    expect([a.link.delivered.length, b.link.delivered.length]).toEqual([0, 4])
    test.router.endWorker(b.worker, { abnormal: false })
    test.call(caller, 'f')
    expect(a.link.delivered).toHaveLength(1)
  })

  it('in mode reject the second worker is told so', () => {
    const test = makeRouter({ duplicate_functions: 'reject' })
    const [a, b] = [test.join(), test.join()]
    test.provide(a.worker, 'f')
    test.provide(b.worker, 'f')
    expect(b.link.sent).toEqual([
      {
        type: 'registrationrejected',
        code: 'FUNCTION_NAMESPACE_CONFLICT',
        namespace: 'default',
        function_id: 'f',
        owner_worker_id: a.worker.id,
      },
    ])
  })
})

describe('ownership of ids', () => {
  it('refuses an id of a built-in to external workers, whose calls go on to the built-in', () => {
    const test = makeRouter()
    const { generation } = test.plugin('iii-state', ['state::get'], { builtIn: true })
    const [thief, caller] = [test.join(), test.join()]
    test.provide(thief.worker, 'state::get')
    expect(thief.link.sent).toMatchObject([{ type: 'registrationrejected', owner_worker_id: '' }])
    test.call(caller, 'state::get')
    test.router.endWorker(thief.worker, { abnormal: false })
    test.call(caller, 'state::get')
    expect(generation.link.delivered).toHaveLength(2)
  })

  it('shadows external providers of an id while a plugin owns it, and gives it back when the plugin is removed', () => {
    const test = makeRouter()
    const [external, caller] = [test.join(), test.join()]
    test.provide(external.worker, 'f')
    const { slot, generation } = test.plugin('p', ['f'])
    test.call(caller, 'f')
    expect([external.link.delivered.length, generation.link.delivered.length]).toEqual([0, 1])
    test.router.removeSlot(slot)
    test.router.endWorker(generation.worker, { abnormal: false })
    test.call(caller, 'f')
    expect(external.link.delivered).toHaveLength(1)
  })

  it('ignores an unregister of a worker that does not provide the id', () => {
    const test = makeRouter()
    const [a, b] = [test.join(), test.join()]
    test.provide(a.worker, 'f')
    expect(test.router.functions.unregister(b.worker, 'f')).toBeUndefined()
    expect(test.router.functions.find('default', 'f')?.providers).toHaveLength(1)
  })
})

describe('restart grace', () => {
  it('holds calls after an abnormal end and delivers them in order to the next provider', () => {
    const test = makeRouter()
    const [a, caller] = [test.join(), test.join()]
    test.provide(a.worker, 'f')
    test.router.endWorker(a.worker, { abnormal: true })
    for (let n = 0; n < 50; n++) test.call(caller, 'f', n)
    expect(caller.link.answers).toEqual([])
    const b = test.join()
    test.provide(b.worker, 'f')
    expect(b.link.delivered.map(({ data }) => data)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  })

  it('ends with function_not_found when nobody comes', async () => {
    const test = makeRouter({ restart_grace_ms: 20 })
    const [a, caller] = [test.join(), test.join()]
    test.provide(a.worker, 'f')
    test.router.endWorker(a.worker, { abnormal: true })
    const id = test.call(caller, 'f')
    await vi.waitFor(() => expect(test.answerTo(caller, id)?.error?.code).toBe('function_not_found'), 5000)
    expect(test.router.functions.find('default', 'f')).toBeUndefined()
  })

  it('is not given after a clean end, nor after an unregister', () => {
    const test = makeRouter()
    const [a, b, caller] = [test.join(), test.join(), test.join()]
    test.provide(a.worker, 'f')
    test.provide(b.worker, 'g')
    test.router.endWorker(a.worker, { abnormal: false })
    test.router.functions.unregister(b.worker, 'g')
    for (const functionId of ['f', 'g']) {
      const id = test.call(caller, functionId)
      expect(test.answerTo(caller, id)?.error?.code).toBe('function_not_found')
    }
  })

  it('holds no more calls than its limit', () => {
    const test = makeRouter({ restart_grace_max_calls: 1 })
    const [a, caller] = [test.join(), test.join()]
    test.provide(a.worker, 'f')
    test.router.endWorker(a.worker, { abnormal: true })
    test.call(caller, 'f')
    const second = test.call(caller, 'f')
    expect(test.answerTo(caller, second)?.error?.code).toBe('overloaded')
  })

  it('is given to what was there when the engine ended, and begins anew when it is said again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const test = makeRouter({ restart_grace_ms: 1_000 })
      const caller = test.join()
      const last = [{ namespace: 'default', id: 'f' }]
      test.router.awaitReturn(last)
      vi.advanceTimersByTime(900)
      test.router.awaitReturn(last)
      vi.advanceTimersByTime(900)
      const held = test.call(caller, 'f', 'held')
      expect(caller.link.answers).toEqual([])
      const provider = test.join()
      test.provide(provider.worker, 'f')
      expect(provider.link.delivered.map(({ data }) => data)).toEqual(['held'])
      test.reply(provider, 'done')
      expect(test.answerTo(caller, held)?.result).toBe('done')
      // It has a provider again: its time is over.
      vi.advanceTimersByTime(5_000)
      test.router.endWorker(provider.worker, { abnormal: false })
      expect(test.answerTo(caller, test.call(caller, 'f'))?.error?.code).toBe('function_not_found')
    } finally {
      vi.useRealTimers()
    }
  })

  it('is not given to what is there already, nor where it is off', () => {
    const test = makeRouter({ restart_grace_ms: 0 })
    const caller = test.join()
    test.router.awaitReturn([{ namespace: 'default', id: 'f' }])
    expect(test.answerTo(caller, test.call(caller, 'f'))?.error?.code).toBe('function_not_found')
    const other = makeRouter()
    const provider = other.join()
    other.provide(provider.worker, 'f')
    other.plugin('p', ['p::f'])
    other.router.awaitReturn([
      { namespace: 'default', id: 'f' },
      { namespace: 'default', id: 'p::f' },
    ])
    for (const id of ['f', 'p::f']) expect(other.router.functions.find('default', id)?.grace).toBeUndefined()
  })

  it('keeps the id of a trusted worker from sessions, and leaves that of a session to the session that comes back', () => {
    const test = makeRouter()
    const policy = sessionPolicy()
    const [trusted, session, back] = [test.join(), test.join({ policy }), test.join({ policy })]
    test.provide(trusted.worker, 'backend::f')
    test.provide(session.worker, 'page::f')
    for (const { worker } of [trusted, session]) test.router.endWorker(worker, { abnormal: true })
    test.router.awaitReturn([{ namespace: 'default', id: 'remembered::f' }])
    for (const id of ['backend::f', 'remembered::f', 'page::f']) test.provide(back.worker, id)
    expect([...back.worker.providers.keys()]).toEqual(['page::f'])
  })

  it('forgets the held calls of a caller that leaves', () => {
    const test = makeRouter()
    const [a, caller] = [test.join(), test.join()]
    test.provide(a.worker, 'f')
    test.router.endWorker(a.worker, { abnormal: true })
    test.call(caller, 'f')
    test.router.endWorker(caller.worker, { abnormal: false })
    const b = test.join()
    test.provide(b.worker, 'f')
    expect(b.link.delivered).toEqual([])
  })
})

describe('enqueue', () => {
  it('becomes a call of the queue and answers with a receipt', () => {
    const test = makeRouter()
    const [queue, caller] = [test.join(), test.join()]
    test.provide(queue.worker, 'engine::queue::enqueue')
    const id = test.call(caller, 'z::q', { n: 1 }, { type: 'enqueue', queue: 'jobs' })
    expect(queue.link.delivered[0]).toMatchObject({
      data: {
        queue: 'jobs',
        function_id: 'z::q',
        data: { n: 1 },
        traceparent: null,
        baggage: 'iii.function.id=z::q',
      },
      callerWorkerId: undefined,
    })
    test.reply(queue, null)
    const receipt = (queue.link.delivered[0]?.data as { messageReceiptId: string } | undefined)?.messageReceiptId
    expect(test.answerTo(caller, id)?.result).toEqual({ messageReceiptId: receipt })
  })

  it('answers with the receipt of the engine, whatever a worker says of the job', () => {
    const test = makeRouter()
    const [queue, caller] = [test.join(), test.join()]
    test.provide(queue.worker, 'engine::queue::enqueue')
    const id = test.call(caller, 'z::q', { n: 1 }, { type: 'enqueue', queue: 'jobs' })
    test.reply(queue, { messageReceiptId: 'an id of the worker, which is longer', duplicate: true })
    const receipt = (queue.link.delivered[0]?.data as { messageReceiptId: string } | undefined)?.messageReceiptId
    expect(test.answerTo(caller, id)?.result).toEqual({ messageReceiptId: receipt })
  })

  it('keeps no payload of a publisher that waits', () => {
    const test = makeRouter()
    const [queue, caller] = [test.join(), test.join()]
    test.provide(queue.worker, 'engine::queue::enqueue')
    const call = makeCall(caller.worker, 'z::q', { n: 1 })
    test.router.call(call, { type: 'enqueue', queue: 'jobs' })
    expect(queue.link.delivered[0]?.data).toMatchObject({ data: { n: 1 } })
    expect(call.data).toHaveLength(0)
  })

  it('answers each of many publishers with its own receipt, in whatever order the queue takes their jobs', () => {
    const test = makeRouter()
    const [queue, caller] = [test.join(), test.join()]
    test.provide(queue.worker, 'engine::queue::enqueue')
    const ids = [1, 2, 3, 4].map((n) => test.call(caller, 'z::q', { n }, { type: 'enqueue', queue: 'jobs' }))
    const { delivered } = queue.link
    for (const index of [1, 0, 3, 2]) test.router.settle(queue.worker, delivered[index]!.callId, undefined, undefined)
    ids.forEach((id, index) => {
      const { messageReceiptId } = delivered[index]!.data as { messageReceiptId: string }
      expect(test.answerTo(caller, id)?.result).toEqual({ messageReceiptId })
    })
    expect(new Set(delivered.map(({ data }) => (data as { messageReceiptId: string }).messageReceiptId)).size).toBe(4)
  })

  it('with further members is refused where a worker is the queue, which would not know them', () => {
    const test = makeRouter()
    const [queue, caller] = [test.join(), test.join()]
    test.provide(queue.worker, 'engine::queue::enqueue')
    const id = test.call(caller, 'z::q', {}, { type: 'enqueue', queue: 'jobs', delay_ms: 5, priority: 1 })
    expect(test.answerTo(caller, id)?.error).toMatchObject({
      code: 'enqueue_error',
      message: expect.stringContaining("does not know 'delay_ms', 'priority'"),
    })
    expect(queue.link.delivered).toEqual([])
  })

  it('fails when the queue does not accept the job in time; its late answer changes nothing', () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const test = makeRouter()
    const [queue, caller] = [test.join(), test.join()]
    test.provide(queue.worker, 'engine::queue::enqueue')
    const id = test.call(caller, 'z::q', {}, { type: 'enqueue', queue: 'jobs' })
    vi.advanceTimersByTime(20_000)
    const next = test.call(caller, 'z::q', {}, { type: 'enqueue', queue: 'jobs' })
    vi.advanceTimersByTime(10_001)
    expect(test.answerTo(caller, id)?.error).toMatchObject({
      code: 'enqueue_error',
      message: expect.stringContaining('timed out: it did not accept the job within 30 s'),
    })
    expect(test.answerTo(caller, next)).toBeUndefined()
    test.reply(queue, null)
    vi.advanceTimersByTime(20_000)
    expect(test.answerTo(caller, next)?.error).toMatchObject({ code: 'enqueue_error' })
  })

  it('without a queue fails with enqueue_error and says what to do', () => {
    const test = makeRouter()
    const caller = test.join()
    const id = test.call(caller, 'z::q', {}, { type: 'enqueue', queue: 'jobs' })
    const error = test.answerTo(caller, id)?.error
    expect(error?.code).toBe('enqueue_error')
    expect(error?.message).toBe(
      "No queue provider is installed (QueueModule not loaded): nobody provides engine::queue::enqueue; add 'iii-queue' to the configuration",
    )
  })

  it.each([
    ['enqueue_error', 'there is no such queue'],
    ['overloaded', 'overloaded: there is no such queue'],
  ])('that a queue refuses with %s is enqueue_error, with no code twice', (code, message) => {
    const test = makeRouter()
    const [queue, caller] = [test.join(), test.join()]
    test.provide(queue.worker, 'engine::queue::enqueue')
    const id = test.call(caller, 'z::q', {}, { type: 'enqueue', queue: 'jobs' })
    test.reply(queue, undefined, { code, message: 'there is no such queue' })
    expect(test.answerTo(caller, id)?.error).toEqual({ code: 'enqueue_error', message })
  })
})

describe('middleware', () => {
  it('gets the call instead of its target, except for functions of the engine', () => {
    const test = makeRouter()
    const [gate, target] = [test.join(), test.join()]
    test.provide(gate.worker, 'gate::m')
    test.provide(target.worker, 'f')
    const caller = test.join({ policy: { kind: 'trusted', middleware: 'gate::m' } })
    const id = test.call(caller, 'f', { a: 1 }, { type: 'enqueue', queue: 'q' })
    expect(gate.link.delivered[0]?.data).toEqual({
      function_id: 'f',
      payload: { a: 1 },
      action: { type: 'enqueue', queue: 'q' },
      context: {},
      namespace: 'default',
    })
    test.reply(gate, 'from the middleware')
    expect(test.answerTo(caller, id)?.result).toBe('from the middleware')
    expect(target.link.delivered).toEqual([])
  })
})

describe('limits of a plugin', () => {
  it('refuses the call above its limit of calls in flight with overloaded', () => {
    const test = makeRouter()
    const { slot } = test.plugin('p', ['f'], { maxInFlight: 1 })
    const caller = test.join()
    test.call(caller, 'f')
    const second = test.call(caller, 'f')
    expect(test.answerTo(caller, second)?.error?.code).toBe('overloaded')
    expect(slot.inFlight).toBe(1)
  })

  it('counts and warns about dropped void calls at most once per second and id', async () => {
    const test = makeRouter()
    test.plugin('p', ['f'], { maxInFlight: 0 })
    const caller = test.join()
    for (let n = 0; n < 50; n++) test.call(caller, 'f', n, { type: 'void' })
    await delay(0)
    expect(test.router.warnings.total).toBe(50)
    expect(test.lines.filter((line) => line.includes('void call of f dropped'))).toHaveLength(1)
  })
})
