// One event for one binding: condition, then handler, and what comes of it.
import { describe, expect, it } from 'vitest'
import { runBinding, type BindingCall } from '../../../kit/triggers/binding-call.ts'
import { BindingProblems } from '../../../kit/triggers/binding-problems.ts'
import type { TriggerRequest } from '../../../sdk/handle-types.ts'

const BINDING = { id: 'b', function_id: 'the::handler', config: {}, metadata: { m: 1 }, namespace: 'n' }

/** Functions by id: what they return, or throw. */
function scene(functions: Record<string, () => unknown>) {
  const calls: TriggerRequest[] = []
  const logged: [level: string, message: string, data: unknown][] = []
  const problems = new BindingProblems(
    {
      warn: (message, data) => void logged.push(['warn', message, data]),
      error: (message, data) => void logged.push(['error', message, data]),
    },
    { now: () => 0 },
  )
  const iii = {
    async trigger(request: TriggerRequest) {
      calls.push(request)
      return functions[request.function_id]!()
    },
  }
  const run = (call: Partial<BindingCall>, steps?: Parameters<typeof runBinding>[2]) =>
    runBinding(
      { iii, problems },
      { binding: BINDING, condition: undefined, payload: 5, conditionTimeoutMs: 1, handlerTimeoutMs: 2, ...call },
      steps,
    )
  return { calls, logged, run, ids: () => calls.map(({ function_id }) => function_id) }
}

const fail = (): never => {
  throw Object.assign(new Error('broken'), { code: 'x' })
}

describe('without a condition', () => {
  it('the handler is called at once, with everything that belongs to the binding and the event', async () => {
    const { calls, run } = scene({ 'the::handler': () => 'done' })
    const outcome = run({ origin: { traceparent: '00-t', baggage: 'a=b' } })
    expect(calls).toEqual([
      {
        function_id: 'the::handler',
        payload: 5,
        binding: 'b',
        timeoutMs: 2,
        metadata: { m: 1 },
        namespace: 'n',
        traceparent: '00-t',
        baggage: 'a=b',
      },
    ])
    expect(await outcome).toEqual({ outcome: 'ran', result: 'done' })
  })

  it('a handler that fails is told and logged', async () => {
    const { logged, run } = scene({ 'the::handler': fail })
    expect(await run({})).toMatchObject({ outcome: 'failed', part: 'handler', error: { message: 'broken' } })
    expect(logged).toEqual([
      ['error', 'The handler the::handler failed.', { binding: 'b', code: 'x', error: 'broken' }],
    ])
  })
})

describe('a condition', () => {
  it('gets the payload alone, in the trace of the event', async () => {
    const { calls, run } = scene({ 'may::it': () => true, 'the::handler': () => null })
    await run({ condition: 'may::it', origin: { traceparent: '00-t' } })
    expect(calls[0]).toEqual({
      function_id: 'may::it',
      payload: 5,
      binding: 'b',
      timeoutMs: 1,
      namespace: 'n',
      traceparent: '00-t',
    })
  })

  it.each([true, 0, '', 'false', {}, [], null, undefined])('that returns %j lets the handler run', async (value) => {
    const { ids, run } = scene({ 'may::it': () => value, 'the::handler': () => 1 })
    expect(await run({ condition: 'may::it' })).toEqual({ outcome: 'ran', result: 1 })
    expect(ids()).toEqual(['may::it', 'the::handler'])
  })

  it('that returns false skips it', async () => {
    const { ids, run } = scene({ 'may::it': () => false })
    expect(await run({ condition: 'may::it' })).toEqual({ outcome: 'skipped' })
    expect(ids()).toEqual(['may::it'])
  })

  it('that fails keeps it from running, and is logged', async () => {
    const { ids, logged, run } = scene({ 'may::it': fail })
    expect(await run({ condition: 'may::it' })).toMatchObject({ outcome: 'failed', part: 'condition' })
    expect(ids()).toEqual(['may::it'])
    expect(logged[0]?.slice(0, 2)).toEqual(['error', 'The condition may::it failed; the::handler was not run.'])
  })

  it.each([null, undefined])('that returns %j is warned about', async (value) => {
    const { logged, run } = scene({ 'may::it': () => value, 'the::handler': () => 1 })
    await run({ condition: 'may::it' })
    const message = 'The condition may::it returned no value, which counts as true.'
    expect(logged).toEqual([['warn', message, { binding: 'b' }]])
  })
})

describe('the steps around it', () => {
  const steps = (order: string[], answer?: boolean) => ({
    beforeHandler: async (passes: boolean) => {
      order.push(`before ${passes}`)
      return answer
    },
    handedOut: () => void order.push('handed out'),
  })

  it('come before the handler, and right after its call', async () => {
    const order: string[] = []
    const { run } = scene({
      'may::it': () => void order.push('condition'),
      'the::handler': () => void order.push('handler'),
    })
    await run({ condition: 'may::it' }, steps(order))
    expect(order).toEqual(['condition', 'before true', 'handler', 'handed out'])
  })

  it('are taken when the condition says no as well', async () => {
    const order: string[] = []
    const { run } = scene({ 'may::it': () => false })
    expect(await run({ condition: 'may::it' }, steps(order))).toEqual({ outcome: 'skipped' })
    expect(order).toEqual(['before false', 'handed out'])
  })

  it('can keep the handler from being called', async () => {
    const order: string[] = []
    const { ids, run } = scene({})
    expect(await run({}, steps(order, false))).toEqual({ outcome: 'skipped' })
    expect([ids(), order]).toEqual([[], ['before true', 'handed out']])
  })
})

it('what goes wrong is named as the trigger type wants it, once a second', async () => {
  const logged: unknown[] = []
  let now = 0
  const problems = new BindingProblems(
    { warn: () => {}, error: (message, data) => void logged.push([message, data]) },
    { now: () => now, consequence: 'it is called again', member: 'job_id' },
  )
  for (now of [0, 500, 1_000]) problems.handlerFailed(BINDING, 'text')
  const message = 'The handler the::handler failed; it is called again.'
  const data = { job_id: 'b', code: undefined, error: 'text' }
  expect(logged).toEqual([
    [message, data],
    [message, { ...data, not_logged_before: 1 }],
  ])
})
