// Calls, answers, crashes and changes of plugins that follow each other in any order: what was sent first stays first, and nobody waits in a circle.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { HandOver } from '../../../core/router/hand-over.ts'
import type { PluginSlot } from '../../../core/model/plugin-slot.ts'
import type { TestWorker } from './calls.ts'
import { makeRouter } from './test-router.ts'

const ENQUEUE = 'engine::queue::enqueue'
const NOT_RUN = Buffer.from('{"code":"plugin_unavailable","message":"not run"}')
const PLUGINS = { p: ['p::a', 'p::b'], q: ['q::a', 'q::b'], queue: [ENQUEUE] }
const WORKERS = { m: 'm::middleware', v: 'v::f', w: 'w::f' }
const TARGETS = ['p::a', 'p::b', 'q::a', 'q::b', 'v::f', 'w::f']

interface Sent {
  readonly from: Actor
  readonly waits: boolean
  answers: number
}

/** What an actor was given. It is answered when all that it calls for it is. */
interface Task {
  readonly callId: string | number
  readonly functionId: string
  readonly from: string
  readonly order: number
  readonly calls: Sent[]
  state: 'open' | 'done' | 'given back'
}

interface Actor extends TestWorker {
  readonly name: string
  /** Counts generations of all plugins; undefined = it is none. */
  readonly generation?: number
  readonly tasks: Task[]
  readonly sent: Map<string, Sent>
  /** Tasks from this one on are given back. */
  stopsAt: number
  answersRead: number
  isOver: boolean
}

interface Change {
  readonly handOver: HandOver
  readonly plugins: readonly Plugin[]
  readonly old: readonly Actor[]
  readonly next: Actor[]
  /** What the new generations have not registered yet. */
  readonly missing: [Actor, string][]
  readonly calls: Sent[]
  state: 'begun' | 'draining' | 'given up' | 'drained' | 'stopping' | 'starting' | 'over'
}

interface Plugin {
  readonly name: string
  readonly ids: readonly string[]
  readonly slot: PluginSlot
  serving: Actor
  change: Change | undefined
}

type Chance = (outOf: number) => number

/** Runs until nothing is under way. Returns all that took part. */
async function play(chance: Chance): Promise<{ actors: Actor[]; plugins: Plugin[]; open: Change[]; isQuiet: boolean }> {
  const test = makeRouter({ restart_grace_ms: 0 })
  const { router } = test
  const actors: Actor[] = []
  const pick = <T>(from: readonly T[]): T => from[chance(from.length)] as T
  const actor = (name: string, worker: TestWorker, generation?: number): Actor => {
    const made = { ...worker, name, tasks: [], sent: new Map(), stopsAt: Infinity, answersRead: 0, isOver: false }
    actors.push(generation === undefined ? made : { ...made, generation })
    return actors.at(-1)!
  }
  let order = 0
  let generations = 0
  const plugins = Object.entries(PLUGINS).map(([name, ids]): Plugin => {
    const { slot, generation } = test.plugin(name, ids, { builtIn: name === 'queue' })
    return { name, ids, slot, serving: actor(name, generation, generations++), change: undefined }
  })
  const join = (name: string, id: string): Actor => {
    const policy = { kind: 'trusted', middleware: name === 'w' ? WORKERS.m : undefined } as const
    const joined = test.join({ policy })
    test.provide(joined.worker, id)
    return actor(name, joined)
  }
  const workers = Object.entries(WORKERS).map(([name, id]) => ({ name, id, now: join(name, id) }))
  const changes: Change[] = []
  let starting: Change | undefined

  const look = (): void => {
    for (const { link, tasks, sent, ...rest } of actors) {
      for (const { callId, functionId, data } of link.delivered.slice(tasks.length)) {
        const { payload, data: job, ...own } = data as Record<string, object>
        const { from, order: place } = { ...own, ...job, ...payload } as unknown as Task
        tasks.push({ callId, functionId, from, order: place, calls: [], state: 'open' })
      }
      for (const { invocationId } of link.answers.slice(rest.answersRead)) sent.get(String(invocationId))!.answers++
    }
    for (const each of actors) each.answersRead = each.link.answers.length
  }
  const call = (from: Actor, id: string, kind: 'wait' | 'void' | 'enqueue'): Sent => {
    const action =
      kind === 'wait' ? undefined : kind === 'void' ? ({ type: kind } as const) : ({ type: kind, queue: 'z' } as const)
    const sent: Sent = { from, waits: kind !== 'void', answers: 0 }
    const invocation = test.call(from, id, { from: String(actors.indexOf(from)), order: order++ }, action)
    if (sent.waits) from.sent.set(invocation, sent)
    look()
    return sent
  }
  const isAnswered = ({ from, waits, answers }: Sent): boolean => !waits || answers > 0 || from.isOver
  const isReady = ({ stopsAt, tasks }: Actor, task: Task): boolean =>
    task.state === 'open' && tasks.indexOf(task) < stopsAt && task.calls.every(isAnswered)
  const ready = (): [Actor, Task][] =>
    actors.flatMap((each) =>
      each.tasks.filter((task) => isReady(each, task)).map((task): [Actor, Task] => [each, task]),
    )
  const answer = ([from, task]: [Actor, Task]): void => {
    task.state = 'done'
    router.settle(from.worker, task.callId, Buffer.from('{}'), undefined)
    look()
  }
  const end = (from: Actor, abnormal: boolean): void => {
    from.isOver = true
    from.link.open = false
    router.endWorker(from.worker, { abnormal })
    for (const task of from.tasks) if (task.state === 'open') task.state = 'done'
    look()
  }
  const begin = (chosen: readonly Plugin[]): void => {
    const handOver = router.beginHandOver(chosen.map(({ slot }) => slot))
    const old = chosen.map(({ serving }) => serving)
    const change: Change = { handOver, plugins: chosen, old, next: [], missing: [], calls: [], state: 'begun' }
    for (const plugin of chosen) plugin.change = change
    changes.push(change)
  }
  const over = (change: Change): void => {
    change.state = 'over'
    for (const plugin of change.plugins) plugin.change = undefined
    if (starting === change) starting = undefined
  }
  /** What was to change stays as it is, and what has crashed is started again. */
  const putOff = (change: Change): void => {
    over(change)
    change.handOver.reopen()
    look()
    for (const plugin of change.plugins) if (plugin.serving.isOver) startAgain(plugin)
  }
  const startAgain = (plugin: Plugin): void => {
    const { name, slot, ids } = plugin
    const handOver = router.beginHandOver([slot])
    plugin.serving = actor(name, test.generation(slot), generations++)
    handOver.stage(plugin.serving.worker)
    for (const id of ids) test.provide(plugin.serving.worker, id)
    handOver.commit()
    look()
  }
  const crash = (): void => {
    const down = plugins.filter(({ serving }) => serving.isOver)
    const candidates = plugins.filter(({ serving, change }) => {
      // Of one change: two that wait for what has crashed in the other one would wait for their time to be up.
      const isOfOne = down.every((other) => other.change === change)
      return !serving.isOver && isOfOne && (change === undefined || change.state === 'draining')
    })
    if (candidates.length === 0) return
    const plugin = pick(candidates)
    end(plugin.serving, true)
    if (plugin.change === undefined) startAgain(plugin)
  }
  const register = (change: Change): void => {
    // One at a time: two that wait for each other's start would wait in a circle, as they would anywhere.
    if (starting === undefined && change.calls.length === 0 && chance(3) > 0) {
      starting = change
      const targets = [...Object.values(WORKERS), ...change.missing.map(([, id]) => id).filter((id) => id !== ENQUEUE)]
      for (const next of change.next) change.calls.push(call(next, pick(targets), 'wait'))
      return
    }
    const [[next, id]] = change.missing.splice(chance(change.missing.length), 1) as [[Actor, string]]
    test.provide(next.worker, id)
    look()
  }
  /** The next step of a change. False = it waits for something. */
  const goOn = (change: Change): boolean => {
    const { handOver, old, next, missing } = change
    switch (change.state) {
      case 'begun':
        change.state = 'draining'
        void handOver
          .drain(60_000, pick(['answered', 'quiet']))
          .then((idle) => (change.state = idle ? 'drained' : 'given up'))
        look()
        return true
      case 'given up':
        putOff(change)
        return true
      case 'drained':
        if (chance(6) === 0) {
          putOff(change)
          return true
        }
        change.state = 'stopping'
        for (const each of old) each.stopsAt = each.tasks.length
        return true
      case 'stopping':
        for (const { worker, tasks, stopsAt } of old)
          for (const task of tasks.slice(stopsAt)) {
            if (task.state !== 'open') continue
            task.state = 'given back'
            router.takeBack(worker, task.callId, NOT_RUN)
          }
        if (chance(2) === 0) return true
        change.state = 'starting'
        for (const { worker, link } of old) {
          handOver.close(worker)
          link.open = false
        }
        handOver.failRemaining('it was stopped')
        for (const { tasks } of old) for (const task of tasks) if (task.state === 'open') task.state = 'done'
        for (const { name, slot, ids } of change.plugins) {
          const generation = actor(name, test.generation(slot), generations++)
          handOver.stage(generation.worker)
          next.push(generation)
          missing.push(...ids.map((id): [Actor, string] => [generation, id]))
        }
        look()
        return true
      case 'starting':
        if (missing.length > 0) register(change)
        else if (!change.calls.every(isAnswered)) return false
        else {
          over(change)
          for (const [index, plugin] of change.plugins.entries()) plugin.serving = next[index]!
          handOver.commit()
          look()
          for (const each of old) end(each, false)
        }
        return true
      default:
        return false
    }
  }

  for (let turn = 0; turn < 120; turn++) {
    const what = chance(20)
    const under = changes.filter(({ state }) => state !== 'over')
    if (what < 9) {
      const from = pick(actors.filter(({ isOver, stopsAt }) => !isOver && stopsAt === Infinity))
      const open = from.tasks.filter(({ state }) => state === 'open')
      const sent = call(from, pick(TARGETS), pick(['wait', 'wait', 'wait', 'wait', 'void', 'enqueue']))
      if (open.length > 0) pick(open).calls.push(sent)
    } else if (what < 14) {
      const some = ready()
      if (some.length > 0) answer(pick(some))
    } else if (what < 15 && chance(2) === 0) {
      crash()
    } else if (what < 15) {
      const worker = pick(workers)
      end(worker.now, true)
      worker.now = join(worker.name, worker.id)
    } else if (what < 16 || under.length === 0) {
      const free = plugins.filter(({ change }) => change === undefined)
      const first = chance(Math.max(1, free.length))
      if (free.length > 0) begin(free.slice(first, first + 1 + chance(2)))
    } else {
      await Promise.resolve()
      goOn(pick(under))
    }
  }
  for (let moves = true; moves;) {
    const some = ready()
    for (const each of some) answer(each)
    // A drain that has ended tells so later.
    await new Promise((resolve) => setImmediate(resolve))
    moves = changes.filter(goOn).length > 0 || some.length > 0 || ready().length > 0
  }
  const open = changes.filter(({ state }) => state !== 'over')
  let isQuiet = false
  if (open.length === 0) {
    const all = router.beginHandOver(plugins.map(({ slot }) => slot))
    void all.drain(60_000, 'quiet').then(() => (isQuiet = true))
    await Promise.resolve()
    await Promise.resolve()
    all.reopen()
  }
  router.close()
  return { actors, plugins, open, isQuiet }
}

/** By caller and function the generations that ran its calls, in the order in which they were sent, and within each in that of its link. */
function runs(actors: readonly Actor[]): number[][] {
  const found = new Map<string, { order: number; place: number }[]>()
  for (const { generation, tasks } of actors) {
    if (generation === undefined) continue
    for (const [index, { from, functionId, order, state }] of tasks.entries()) {
      const key = `${from} ${functionId}`
      if (state !== 'given back')
        found.set(key, [...(found.get(key) ?? []), { order, place: generation * 1e6 + index }])
    }
  }
  return [...found.values()].map((calls) => calls.sort((a, b) => a.order - b.order).map(({ place }) => place))
}

it('keeps the order of calls, answers each once and ends each change, whoever calls whom meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (gen) => {
      const { actors, plugins, open, isQuiet } = await play((outOf) => gen(fc.nat, { max: outOf - 1 }))
      expect(open.map(({ plugins: held, state }) => [...held.map(({ name }) => name), state])).toEqual([])
      expect(plugins.map(({ slot }) => slot.gate.size)).toEqual([0, 0, 0])
      // Nobody counts as owing an answer any more.
      expect(isQuiet).toBe(true)
      const unanswered = actors
        .flatMap(({ sent, isOver }) => (isOver ? [] : [...sent.values()]))
        .map(({ answers }) => answers)
      expect(unanswered.filter((answers) => answers !== 1)).toEqual([])
      for (const places of runs(actors)) expect(places).toEqual(places.toSorted((a, b) => a - b))
    }),
    { seed: 1, numRuns: 100, endOnFailure: true },
  )
})
