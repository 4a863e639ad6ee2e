// A plugin host over the real router, in temporary folders, for tests with real threads and processes.
import { mkdtempSync, mkdirSync, realpathSync, rmSync, writeFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { EngineConfig, WorkerEntry } from '../../../core/config/types.ts'
import type { EngineOptions } from '../../../core/model/options.ts'
import { checkPlugins } from '../../../core/host/check-plugins.ts'
import { PluginHost, type PluginHostOptions } from '../../../core/host/plugin-host.ts'
import type { PluginProblem } from '../../../core/host/generations/prepared-configuration.ts'
import type { ReconcileReport } from '../../../core/host/generations/reconciler.ts'
import type { PluginEvent } from '../../../core/host/table/plugin-table.ts'
import type { PluginRow } from '../../../core/host/table/plugin-rows.ts'
import { createLog } from '../../../core/log.ts'
import type { Router } from '../../../core/router/router.ts'
import { RoutingCore } from '../../../core/routing-core.ts'
import { bareConfig } from '../../../testing/bare-config.ts'
import { Collector } from '../../support/deadline.ts'
import { makeCall } from '../router/calls.ts'
import { plainEntry } from '../../../core/config/instance-ids.ts'

const ROOT = resolve(fileURLToPath(import.meta.url), '../../../..')
/** One cache for the files of a run: what is compiled once stays so, as for a user. */
const CACHE = join(tmpdir(), `iii-host-test-cache-${process.pid}`)
process.on('exit', () => rmSync(CACHE, { recursive: true, force: true }))

export interface TestHost {
  readonly host: PluginHost
  readonly router: Router
  readonly folder: string
  readonly events: Collector<PluginEvent>
  readonly lines: string[]
  /** Writes a plugin file as an editor does: another file renamed over it. */
  write(path: string, text: string): void
  start(...entries: Partial<WorkerEntry>[]): ReturnType<PluginHost['start']>
  /** Prepares and commits; refused ones are discarded. */
  apply(...entries: Partial<WorkerEntry>[]): Promise<Applied>
  prepare(...entries: Partial<WorkerEntry>[]): ReturnType<PluginHost['prepare']>
  check(...entries: Partial<WorkerEntry>[]): ReturnType<typeof checkPlugins>
  call(functionId: string, data?: unknown): Promise<unknown>
  row(name: string): Promise<PluginRow>
  /** The next event that fits, from now on or already there. */
  event(of: PluginEvent['event'], name?: string, ms?: number): Promise<PluginEvent>
  /** Forgets the events so far. */
  forgetEvents(): void
}

/** What became of a configuration. */
export interface Applied extends ReconcileReport {
  readonly applied: boolean
  readonly problems: readonly PluginProblem[]
}

export interface TestHostOptions extends Partial<Omit<PluginHostOptions, 'engine'>> {
  /** A configuration that was refused because of a plugin was applied when its files were mended. */
  readonly onApplied?: (outcome: Applied) => void
  readonly engine?: Partial<EngineOptions>
  readonly cold?: boolean
}

export function testHost({ engine = {}, cold = false, onApplied, ...options }: TestHostOptions = {}): TestHost {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'iii-host-plugins-')))
  const lines: string[] = []
  const log = createLog({ level: 'debug', pretty: false, write: (line) => lines.push(line) })
  const base = bareConfig(folder, engine)
  const core = new RoutingCore({ config: base, log, healthComponents: () => ({}), internalWorkers: () => [] })
  const { router } = core
  const hostOptions: PluginHostOptions = {
    router,
    events: core.linkEvents,
    log,
    engine: {
      root: ROOT,
      pluginModule: join(ROOT, 'sdk/plugin.ts'),
      version: '0.0.0-test',
      url: () => 'ws://127.0.0.1:0',
    },
    onRetryConfiguration: async (refused) => {
      const outcome = await applyTo(host, refused)
      if (outcome.applied) onApplied?.(outcome)
    },
    watch: false,
    cacheDir: cold ? join(folder, 'cache') : CACHE,
    ...options,
  }
  const host = new PluginHost(hostOptions)
  let events = new Collector<PluginEvent>()
  let listening = false
  onTestFinished(async () => {
    await host.close()
    core.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const config = (entries: readonly Partial<WorkerEntry>[]): EngineConfig => ({
    ...base,
    entries: entries.map(entryOf),
  })
  const test: TestHost = {
    host,
    router,
    folder,
    lines,
    get events() {
      return events
    },
    write(path, text) {
      const file = join(folder, path)
      mkdirSync(dirname(file), { recursive: true })
      const draft = join(folder, 'draft.tmp')
      writeFileSync(draft, text)
      renameSync(draft, file)
    },
    async start(...entries) {
      const report = await host.start(config(entries))
      if (!listening) host.onChanged((event) => events.add(event))
      listening = true
      return report
    },
    apply: (...entries) => applyTo(host, config(entries)),
    prepare: (...entries) => host.prepare(config(entries)),
    check: (...entries) => checkPlugins(config(entries), hostOptions),
    async call(functionId, data = {}) {
      const result = await router.invoke({ functionId, data: Buffer.from(JSON.stringify(data)) })
      return result === undefined ? undefined : JSON.parse(result.toString())
    },
    async row(name) {
      const row = (await host.list()).find((each) => each.name === name)
      if (row === undefined) throw new Error(`no row of ${name}`)
      return row
    },
    async event(of, name, ms = 10_000) {
      for (let count = 1; ; count++) {
        const found = (await events.take(count, ms))[count - 1]
        if (found?.event === of && (name === undefined || found.name === name)) return found
      }
    },
    forgetEvents() {
      events = new Collector<PluginEvent>()
    },
  }
  return test
}

async function applyTo(host: PluginHost, config: EngineConfig): Promise<Applied> {
  const part = await host.prepare(config)
  if (part.problems.length > 0) await part.discard()
  else {
    await part.commit().catch((error: unknown) => {
      // Why it failed stands in the problems.
      if (part.problems.length === 0) throw error
    })
  }
  const { problems, report } = part
  return { applied: problems.length === 0, problems, ...report }
}

function entryOf(entry: Partial<WorkerEntry>): WorkerEntry {
  const name = entry.name ?? 'hello'
  return {
    instanceId: name,
    ...plainEntry(name),
    origin: 'iii-config.yaml:1',
    ...entry,
  }
}

/** A plugin with one function `NAME::greet` that answers with the text. */
export function greeter(name: string, text: string, more = ''): string {
  return `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: '${name}',
  ${more}
  start({ iii }) {
    iii.registerFunction('${name}::greet', () => '${text}')
  },
})
`
}

/** A call of the plugin's release function that a closed gate would hold: delivered as the old generation's own. */
export function releaseFromInside(host: TestHost, name: string): void {
  const [worker] = host.router.slots.get(name)?.workers ?? []
  if (worker === undefined) throw new Error(`${name} does not run`)
  host.router.call(makeCall(worker, `${name}::release`, {}, false), undefined)
}
