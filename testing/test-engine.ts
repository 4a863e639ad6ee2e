// An engine for tests of plugins: the real router with its registries, policies and functions, in this process and without
// listeners, threads, builds and configuration files.
import { mkdtempSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineOptions } from '../core/model/options.ts'
import { NO_KNOWN_WORKERS } from '../core/model/known-workers.ts'
import type { LinkEvents } from '../core/model/link-events.ts'
import type { Policy, SessionRights } from '../core/model/policy.ts'
import type { WorkerInit } from '../core/model/worker.ts'
import { CodedError } from '../protocol/errors.ts'
import type { TriggerRequest } from '../sdk/handle-types.ts'
import { ProcessKeeper } from '../core/host/processes/process-keeper.ts'
import { RoutingCore } from '../core/routing-core.ts'
import { ENGINE_VERSION } from '../core/version.ts'
import type { PluginDefinition } from '../sdk/plugin.ts'
import { bareConfig } from './bare-config.ts'
import { BindAnswers } from './bind-answers.ts'
import { CallRecords, type CallRecord } from './call-record.ts'
import { collectingLog, type CollectingLog } from './collecting-log.ts'
import { sessionRights } from './session-rights.ts'
import { TestPlugin, type RunOptions } from './test-plugin.ts'
import { TestWorker } from './test-worker.ts'

/** What `startTestEngine` takes. */
export interface TestEngineOptions {
  /** Members of the `engine` block of the configuration; the others have their defaults. */
  readonly engine?: Partial<EngineOptions>
  /** What plugins see as the project's folder. Default: a temporary one, removed by `close`. */
  readonly projectRoot?: string
}

/** How a worker connects to the engine under test. */
export interface ConnectOptions {
  /** What it announces itself as. Default: it announces nothing. */
  readonly name?: string
  /** Connects it to a listener with `rbac`, with these rights; members that are absent restrict nothing, but no call is allowed. Default: a plain listener. */
  readonly session?: Partial<SessionRights>
}

/** A binding that the test makes itself, as a worker would. */
export interface TestBinding {
  readonly type: string
  readonly function_id: string
  /** Default `{}`. */
  readonly config?: unknown
  readonly metadata?: unknown
  readonly namespace?: string
  /** Default: a new one. The same id again replaces the binding. */
  readonly id?: string
}

/** A binding that was accepted. */
export interface BoundTrigger {
  readonly id: string
  unregister(): void
}

/** Starts an engine for a test. Close it when the test is over, or declare it with `await using`. */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  return new TestEngine(options)
}

/** An engine in the process of the test: the real router, plugins in the same thread, no ports. `startTestEngine` makes one. */
export class TestEngine implements AsyncDisposable {
  /** What the engine itself has logged. */
  readonly log: CollectingLog = collectingLog()
  readonly #core: RoutingCore
  readonly #events: LinkEvents
  readonly #calls = new CallRecords()
  readonly #answers = new BindAnswers()
  readonly #keeper = new ProcessKeeper()
  readonly #plugins: TestPlugin[] = []
  readonly #workers = new Set<TestWorker>()
  readonly #ownFolder: string | undefined
  readonly #projectRoot: string
  #test: TestWorker | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor({ engine, projectRoot }: TestEngineOptions) {
    this.#ownFolder = projectRoot === undefined ? mkdtempSync(join(tmpdir(), 'iii-test-')) : undefined
    this.#projectRoot = projectRoot ?? (this.#ownFolder as string)
    this.#core = new RoutingCore({
      config: bareConfig(this.#projectRoot, engine),
      log: this.log,
      healthComponents: () => ({}),
      internalWorkers: () => [],
    })
    const { linkEvents } = this.#core
    this.#events = {
      ...linkEvents,
      onCall: (call, action) => {
        this.#calls.add(call, action)
        linkEvents.onCall(call, action)
      },
      onControl: (worker, message, index) => {
        linkEvents.onControl(worker, message, index)
        if (message.type === 'triggerregistrationresult') this.#answers.take(message)
      },
    }
  }

  /** Every call that plugins and workers have made, the test's own included: the latest 10,000, oldest first. */
  get calls(): readonly CallRecord[] {
    return this.#calls.all
  }

  /**
   * Runs a plugin; resolves when its `start` is over and all that it registered is there. What it `requires` is run before, or a
   * worker of the test stands in for it.
   * @throws CodedError `PLUGIN_CONFIG_INVALID` when settings or definition do not fit, `PLUGIN_START_FAILED` when an id that it
   * registers belongs to another plugin, `PLUGIN_TIMEOUT` after `start_ms`, else with what `start` threw.
   */
  async run<Config = any>(definition: PluginDefinition<Config>, options: RunOptions = {}): Promise<TestPlugin> {
    const plugin = await TestPlugin.start(definition as PluginDefinition<never>, options, {
      router: this.#core.router,
      events: this.#events,
      processes: { keeper: () => this.#keeper, stopMs: this.#core.router.options.stop_ms, refusal: undefined },
      projectRoot: this.#projectRoot,
      version: ENGINE_VERSION,
      inTurn: (change) => this.#inTurn(change),
    })
    this.#plugins.push(plugin)
    return plugin
  }

  /** Connects a worker of another process, as it were. */
  connect({ name, session }: ConnectOptions = {}): TestWorker {
    const policy =
      session === undefined
        ? ({ kind: 'trusted', middleware: undefined } as const)
        : ({
            kind: 'session',
            rights: sessionRights(session),
            middleware: undefined,
            exact: NO_KNOWN_WORKERS.exactGrants,
          } as const)
    const worker = this.#connected(policy, {})
    if (name !== undefined) {
      const payload = { name, runtime: 'node', version: ENGINE_VERSION }
      void worker.trigger({ function_id: 'engine::workers::register', payload, action: { type: 'void' } })
    }
    return worker
  }

  /**
   * Calls a function from outside. Resolves with its result, undefined for no value.
   * @throws InvocationError with the code of the function or the engine.
   */
  call<Output = any>(
    functionId: string,
    payload?: unknown,
    options: Omit<TriggerRequest, 'function_id' | 'payload'> = {},
  ): Promise<Output> {
    return this.#tester.trigger({ ...options, function_id: functionId, payload })
  }

  /**
   * Binds a function to a trigger; resolves when the provider of the type has accepted it.
   * @throws CodedError `trigger_type_not_found` without a provider, `trigger_registration_failed` when the provider refuses.
   */
  async bind({ id = randomUUID(), type, function_id, ...more }: TestBinding): Promise<BoundTrigger> {
    const { triggers } = this.#core
    const provided = [...triggers.types()].find((candidate) => candidate.id === type)
    if (provided === undefined) {
      const hint = triggers.suggestType(type)
      throw new CodedError(
        'trigger_type_not_found',
        `nobody provides the trigger type '${type}'; run its plugin first.${hint}`,
      )
    }
    const { worker: owner } = this.#tester
    const { config = {}, metadata, namespace } = more
    const content = { triggerType: type, functionId: function_id, config, metadata, namespace }
    const refused = triggers.bind({ owner, id, ...content, triggerNamespace: undefined })
    const { logical } = triggers.findBinding(id) ?? {}
    // A type of the engine itself does not answer, and nobody is asked for what is bound already for another worker.
    const isAsked = logical !== undefined && logical.members.size === 1 && provided.current?.local === undefined
    const refusal = refused ?? (isAsked ? await this.#answers.of(logical.id) : undefined)
    if (refusal !== undefined) throw new CodedError(refusal.code, refusal.message)
    return { id, unregister: () => void triggers.unbind(id, owner) }
  }

  /**
   * Stops the plugins that still run, latest first and without waiting for their calls, and disconnects the workers. Safe to call
   * twice.
   * @throws CodedError with what the `stop()` of one of them threw.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const outcomes: PromiseSettledResult<void>[] = []
    try {
      for (const plugin of this.#plugins.filter(({ isStopped }) => !isStopped).toReversed())
        outcomes.push(...(await Promise.allSettled([plugin.stop({ reason: 'shutdown', force: true })])))
    } finally {
      for (const worker of this.#workers) worker.close()
      this.#core.close()
      await this.#keeper.close()
      if (this.#ownFolder !== undefined) rmSync(this.#ownFolder, { recursive: true, force: true })
    }
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  get #tester(): TestWorker {
    this.#test ??= this.#connected({ kind: 'trusted', middleware: undefined }, { internal: TEST })
    return this.#test
  }

  #connected(policy: Policy, more: Pick<WorkerInit, 'internal'>): TestWorker {
    const { router } = this.#core
    const connected: TestWorker = TestWorker.connect({
      ...more,
      policy,
      events: this.#events,
      onProblem: (problem) => this.log.warn(problem),
      onConnected: (worker) => router.addWorker(worker),
      onClosed: (worker) => {
        this.#workers.delete(connected)
        router.endWorker(worker, { abnormal: false })
      },
    })
    this.#workers.add(connected)
    return connected
  }

  #inTurn<Value>(change: () => Promise<Value>): Promise<Value> {
    const result = this.#turn.then(change)
    this.#turn = result.catch(() => {})
    return result
  }
}

/** The test itself in listings. */
const TEST = { instanceId: 'test', name: 'test' } as const
