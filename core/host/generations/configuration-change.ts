// Brings the plugins to a changed configuration: all of it or nothing (design, "Change of generation").
import { isDeepStrictEqual } from 'node:util'
import type { WorkerEntry } from '../../config/types.ts'
import type { Clock } from '../../../base/time/clock.ts'
import { GenerationError, type Generation } from './generation.ts'
import { generationErrorFrom, type PluginChanges, type WantedChange } from './plugin-changes.ts'
import type { PluginRecord } from '../table/plugin-record.ts'
import type { Settings, SettleSettings } from './plugin-settings.ts'
import type { PluginTable } from '../table/plugin-table.ts'

export interface ConfigurationReport {
  /** False: nothing was changed, the previous configuration runs on. */
  readonly applied: boolean
  readonly problems: readonly { readonly plugin: string; readonly code: string; readonly message: string }[]
  readonly started: readonly string[]
  readonly reloaded: readonly string[]
  readonly reconfigured: readonly string[]
  readonly stopped: readonly string[]
}

export interface ConfigurationSurroundings {
  readonly table: PluginTable
  readonly changes: PluginChanges
  readonly clock: Clock
  readonly settle: SettleSettings
}

interface Step {
  readonly record: PluginRecord
  readonly entry: WorkerEntry | undefined
}

interface Reconfigured {
  readonly generation: Generation
  readonly before: { readonly settings: Settings; readonly entry: WorkerEntry }
}

type Failure = { readonly record: PluginRecord; readonly error: GenerationError }

const NOTHING: ConfigurationReport = {
  applied: true,
  problems: [],
  started: [],
  reloaded: [],
  reconfigured: [],
  stopped: [],
}

/** @param entries the entry of each plugin that has one, by name. */
export async function changeConfiguration(
  entries: ReadonlyMap<string, WorkerEntry>,
  around: ConfigurationSurroundings,
): Promise<ConfigurationReport> {
  const { table, changes, clock } = around
  const began = clock.now()
  const replaced: Step[] = []
  const inPlace: (Step & { entry: WorkerEntry; generation: Generation })[] = []
  const quiet: Step[] = []
  for (const record of table.all) {
    const entry = entries.get(record.name)
    const { generation } = record
    const runs = entry !== undefined && entry.enabled && !record.held
    // One that is down already, with an entry that is not touched, keeps nobody else's change from being made.
    const wasDown = generation === undefined && entry !== undefined && sameEntry(record.entry, entry)
    if (generation === undefined && (!runs || wasDown)) quiet.push({ record, entry })
    else if (generation === undefined || !runs) replaced.push({ record, entry })
    else if (sameEntry(generation.plan.entry, entry) && sameEntry(record.entry, entry)) quiet.push({ record, entry })
    else if (onlyConfigDiffers(generation.plan.entry, entry)) inPlace.push({ record, entry, generation })
    else replaced.push({ record, entry })
  }

  const checked = await Promise.all(inPlace.map((step) => settled(step, around)))
  const refused = checked.flatMap((outcome) => ('error' in outcome ? [outcome] : []))
  const prepared = await prepareAll(replaced, changes)
  const failures = [...refused, ...prepared.failures]
  const done: Reconfigured[] = []
  const wanted = prepared.wanted
  const reconfigured: (typeof inPlace)[number][] = []
  if (failures.length === 0) {
    for (const outcome of checked) {
      if ('error' in outcome) continue
      const { generation, settings, record, entry } = outcome
      const before = { settings: generation.settings, entry: generation.plan.entry }
      try {
        if (await generation.reconfigure(settings, entry)) {
          done.push({ generation, before })
          reconfigured.push({ record, entry, generation })
          continue
        }
      } catch (error) {
        failures.push({ record, error: generationErrorFrom(error) })
        continue
      }
      const late = await prepareAll([{ record, entry }], changes)
      wanted.push(...late.wanted)
      failures.push(...late.failures)
    }
  }
  if (failures.length === 0) failures.push(...requiresFailures(wanted, table, changes))

  const before = new Map(wanted.map(({ record }) => [record, record.generation]))
  if (failures.length === 0 && wanted.length > 0) {
    try {
      await changes.carryOut(wanted, { cause: 'configuration' })
    } catch (error) {
      const failure = generationErrorFrom(error)
      await takeBack(done)
      const plugin = failure.plugin ?? wanted.map(({ record }) => record.name).join(', ')
      return refusal([{ plugin, code: failure.code, message: failure.message }])
    }
  } else if (failures.length > 0) {
    await changes.drop(wanted.map(({ to }) => to))
    await takeBack(done)
    for (const { record, error } of failures)
      if (record.generation !== undefined) table.stale(record, error, 'configuration')
    return refusal(
      failures.map(({ record, error }) => ({ plugin: record.name, code: error.code, message: error.message })),
    )
  }

  for (const { record, entry } of quiet) {
    record.entry = entry
    if (record.generation === undefined) table.settleIdle(record)
    else if (record.stale?.reason === 'config') table.fresh(record)
  }
  for (const { record, entry, generation } of reconfigured) {
    table.reconfigured(record, entry, 'configuration', clock.now() - began)
    changes.tellSettings(generation)
  }
  const names = (of: (change: WantedChange) => boolean): string[] => wanted.filter(of).map(({ record }) => record.name)
  return {
    ...NOTHING,
    started: names(({ record, to }) => to !== undefined && before.get(record) === undefined),
    reloaded: names(({ record, to }) => to !== undefined && before.get(record) !== undefined),
    stopped: names(({ to }) => to === undefined),
    reconfigured: reconfigured.map(({ record }) => record.name),
  }
}

/** In the order of the steps. */
async function prepareAll(
  steps: readonly Step[],
  changes: PluginChanges,
): Promise<{ wanted: WantedChange[]; failures: Failure[] }> {
  const outcomes = await Promise.all(
    steps.map(async ({ record, entry }): Promise<WantedChange | Failure> => {
      try {
        const runs = entry !== undefined && entry.enabled && !record.held
        return { record, to: runs ? await changes.prepare(await changes.plan(record, entry)) : undefined, entry }
      } catch (error) {
        return { record, error: generationErrorFrom(error) }
      }
    }),
  )
  return {
    wanted: outcomes.flatMap((outcome) => ('error' in outcome ? [] : [outcome])),
    failures: outcomes.flatMap((outcome) => ('error' in outcome ? [outcome] : [])),
  }
}

function requiresFailures(wanted: readonly WantedChange[], table: PluginTable, changes: PluginChanges): Failure[] {
  return [...changes.requiresProblems(wanted)].flatMap(([name, problem]) => {
    const record = table.find(name)
    if (record === undefined) return []
    return [{ record, error: new GenerationError('config', 'PLUGIN_START_FAILED', problem) }]
  })
}

async function settled<Candidate extends Step & { entry: WorkerEntry; generation: Generation }>(
  step: Candidate,
  { settle }: ConfigurationSurroundings,
): Promise<(Candidate & { settings: Settings }) | Failure> {
  const { plan, declaration } = step.generation
  try {
    return { ...step, settings: await settle(plan.source, declaration, step.entry) }
  } catch (error) {
    const { code, message } = generationErrorFrom(error)
    return { record: step.record, error: new GenerationError('config', code, message, { cause: error }) }
  }
}

async function takeBack(done: readonly Reconfigured[]): Promise<void> {
  for (const { generation, before } of done) await generation.reconfigure(before.settings, before.entry)
}

function refusal(problems: ConfigurationReport['problems']): ConfigurationReport {
  return { ...NOTHING, applied: false, problems }
}

/** Where an entry stands in the file is no difference. */
function sameEntry(a: WorkerEntry | undefined, b: WorkerEntry): boolean {
  return a !== undefined && isDeepStrictEqual(compared(a), compared(b))
}

function onlyConfigDiffers(a: WorkerEntry, b: WorkerEntry): boolean {
  return isDeepStrictEqual({ ...compared(a), config: null }, { ...compared(b), config: null })
}

function compared({ origin: _origin, instanceId: _instanceId, writtenName: _writtenName, ...rest }: WorkerEntry) {
  return rest
}
