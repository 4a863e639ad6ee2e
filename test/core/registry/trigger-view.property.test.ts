// Whatever happens in whatever order: what the provider of a type was told is what the registry believes.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { EngineMessage } from '../../../protocol/messages.ts'
import { answer, bind, makeScene, provide, REFUSED, unbind, type Scene } from './scene.ts'
import type { TestWorker } from '../router/calls.ts'

const TYPES = ['t', 'u'] as const
const WORKERS = 4

type Step =
  | { kind: 'bind'; worker: number; id: number; type: number; config: number }
  | { kind: 'unbind'; worker: number; id: number }
  | { kind: 'provide'; worker: number; type: number }
  | { kind: 'withdraw'; worker: number; type: number }
  | { kind: 'replace'; worker: number; abnormal: boolean }
  | { kind: 'answer'; worker: number; id: number; refuse: boolean }

const worker = fc.nat(WORKERS - 1)
const id = fc.nat(5)
const type = fc.nat(TYPES.length - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('bind' as const), worker, id, type, config: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unbind' as const), worker, id }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('provide' as const), worker, type }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), worker, type }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace' as const), worker, abnormal: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('answer' as const), worker, id, refuse: fc.boolean() }) },
)

/** Reads the messages as a provider does: the latest content per id. */
class View {
  readonly held = new Map<string, unknown>()
  /** A plugin takes its messages one by one, later, and answers each delivery. */
  readonly unread: EngineMessage[] = []

  receive(messages: readonly EngineMessage[], later: boolean): void {
    if (later) this.unread.push(...messages)
    else for (const message of messages) this.read(message, false)
  }

  /** The provider gave the type up, and what it was told about it. */
  forget(triggerType: string): void {
    for (const [id, content] of this.held) if ((content as unknown[])[0] === triggerType) this.held.delete(id)
  }

  /** True when the message is to be answered. What is refused leaves an earlier version as it was. */
  read(message: EngineMessage, refuse: boolean): boolean {
    if (message.type === 'unregistertrigger') this.held.delete(message.id)
    if (message.type !== 'registertrigger') return false
    if (!refuse) this.held.set(message.id, [message.trigger_type, message.function_id, message.config])
    return true
  }
}

class Model {
  readonly scene: Scene
  readonly workers: TestWorker[]
  readonly views = new Map<TestWorker, View>()
  /** Plugins answer each delivery, in order. */
  readonly plugins: boolean

  constructor(plugins: boolean, coalesce: boolean) {
    this.plugins = plugins
    this.scene = makeScene({ coalesce })
    this.workers = Array.from({ length: WORKERS }, (_, index) => this.attach(index))
  }

  attach(index: number): TestWorker {
    // Every second worker is a plugin, whose refusals are final.
    const name = `p${index}`
    const slot =
      this.plugins && index % 2 === 1 ? (this.scene.router.slots.get(name) ?? this.scene.slot(name)) : undefined
    const made = this.scene.attach(slot === undefined ? {} : { slot })
    this.views.set(made, new View())
    return made
  }

  run(step: Step): void {
    const { scene } = this
    const actor = this.workers[step.worker] as TestWorker
    switch (step.kind) {
      case 'bind':
        bind(scene, actor, `id${step.id}`, TYPES[step.type] as string, { config: step.config })
        break
      case 'unbind':
        unbind(scene, actor, `id${step.id}`)
        break
      case 'provide':
        provide(scene, actor, TYPES[step.type] as string)
        break
      case 'withdraw':
        if (actor.worker.slot !== undefined) this.settle()
        scene.triggers.handle(actor.worker, { type: 'unregistertriggertype', id: TYPES[step.type] as string })
        this.view(actor).forget(TYPES[step.type] as string)
        break
      case 'replace':
        scene.router.endWorker(actor.worker, { abnormal: step.abnormal })
        this.views.delete(actor)
        this.workers[step.worker] = this.attach(step.worker)
        break
      case 'answer':
        this.answer(actor, step.id, step.refuse)
    }
    this.receive()
  }

  receive(): void {
    for (const [actor, view] of this.views) view.receive(actor.link.sent.splice(0), actor.worker.slot !== undefined)
  }

  /** Lets plugins read everything, so that nothing is under way any more. */
  settle(): void {
    for (const [actor, view] of this.views) while (view.unread.length > 0) this.readNext(actor, view, false)
  }

  readNext(actor: TestWorker, view: View, refuse: boolean): void {
    const message = view.unread.shift()
    if (message === undefined || !view.read(message, refuse) || message.type !== 'registertrigger') return
    answer(this.scene, actor, message.id, refuse ? REFUSED : undefined, message.trigger_type)
    this.receive()
  }

  view(actor: TestWorker): View {
    return this.views.get(actor) as View
  }

  /** External providers may refuse what they hold at any time; refused is not held. */
  answer(actor: TestWorker, position: number, refuse: boolean): void {
    if (actor.worker.slot !== undefined) return this.readNext(actor, this.view(actor), refuse)
    const held = [...this.view(actor).held.keys()][position]
    if (held === undefined) return
    const logical = [...this.scene.triggers.bindings()].find((binding) => binding.logical.id === held)?.logical
    if (logical?.provider?.worker !== actor.worker) return
    if (refuse) this.view(actor).held.delete(held)
    answer(this.scene, actor, held, refuse ? REFUSED : undefined)
  }

  check(): void {
    const { triggers } = this.scene
    const expected = new Map<TestWorker['worker'], Map<string, unknown>>()
    for (const { logical, id, owner } of triggers.bindings()) {
      expect(owner === null || this.scene.router.workers.has(owner.id), `owner of ${id} is gone`).toBe(true)
      const { provider, content } = logical
      const current = triggers.typeOf(content)?.current
      if (provider === undefined) {
        expect(
          current === undefined || (logical.state === 'refused' && logical.lastProvider === current),
          `${id} is parked though its type has a provider`,
        ).toBe(true)
        continue
      }
      expect(provider, `${id} is with a provider that is not the current one`).toBe(current)
      let held = expected.get(provider.worker)
      if (held === undefined) expected.set(provider.worker, (held = new Map()))
      held.set(logical.id, [content.triggerType, content.functionId, content.config])
    }
    for (const [actor, view] of this.views) {
      if (view.unread.length > 0) continue
      const live = expected.get(actor.worker) ?? new Map<string, unknown>()
      for (const [held, content] of live) expect(view.held.get(held), `view of ${held}`).toEqual(content)
      // A provider that was replaced while alive keeps what it had, as long as the binding exists.
      const known = new Set([...triggers.bindings()].map(({ logical }) => logical.id))
      for (const held of view.held.keys()) expect(known.has(held), `${held} is held by a provider and gone`).toBe(true)
    }
  }
}

it.each([
  { plugins: false, coalesce: true },
  { plugins: false, coalesce: false },
  { plugins: true, coalesce: true },
])('the providers know what the registry knows (plugins: $plugins, coalesce: $coalesce)', ({ plugins, coalesce }) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const model = new Model(plugins, coalesce)
      for (const each of steps) {
        model.run(each)
        model.check()
      }
      model.settle()
      model.check()
      model.scene.router.close()
    }),
    { numRuns: 300 },
  )
})
