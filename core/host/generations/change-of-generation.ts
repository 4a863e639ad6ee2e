// The steps by which running plugins become the wanted ones: drain, stop, start, commit, and every way back
// (design, "Change of generation"). One mechanism for saved files, configuration, reload, stop, start and restarts.
import { type CodedError, toErrorBody } from '../../../protocol/errors.ts'
import type { DrainedState } from '../../model/drained-state.ts'
import type { StopReason } from '../../../sdk/plugin.ts'
import { Generation, GenerationError, type GenerationSurroundings } from './generation.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import { inLevels } from '../table/requires.ts'
import type { HandOverPort, RouterPort } from './router-port.ts'

export interface Change {
  readonly instance: PluginInstance
  /** Serving now. */
  readonly from: Generation | undefined
  /** Prepared; undefined = the plugin is to be stopped. */
  readonly to: Generation | undefined
}

export interface ChangeOptions {
  readonly reason: StopReason
  /** What is in flight after the deadline fails instead of making the change fail. */
  readonly force: boolean
  readonly drainMs: number
  readonly drainsUntil?: DrainedState | undefined
  /** A plugin that does not even read that it is to stop is waited for so long. Default: as for any `stop()`. */
  readonly unreadMs?: number | undefined
}

export interface ChangeSurroundings extends GenerationSurroundings {
  readonly router: RouterPort
}

/** How the attempt ended. With `error` nothing changed, except that plugins in `lost` could not be started again. */
export interface ChangeOutcome {
  readonly error?: GenerationError
  /** The instance whose start failed. */
  readonly culprit?: PluginInstance
  /** The old generations as they serve now: restarted ones are new objects. */
  readonly revived: ReadonlyMap<PluginInstance, Generation>
  readonly lost: ReadonlyMap<PluginInstance, CodedError>
  /** Fulfilled when generations that were replaced without waiting for them (`overlap`) have ended. */
  readonly retired: Promise<void>
}

const UNCHANGED = { revived: new Map(), lost: new Map(), retired: Promise.resolve() } as const

/** Carries the changes out together, or none of them. */
export async function changeGenerations(
  changes: readonly Change[],
  { reason, force, drainMs, drainsUntil, unreadMs }: ChangeOptions,
  around: ChangeSurroundings,
): Promise<ChangeOutcome> {
  const old = changes.flatMap(({ from }) => from ?? [])
  const handOver = around.router.beginHandOver(slotsOf(changes))
  if (changes.every(isOverlap)) return overlap(changes, handOver, drainMs, around)

  if (!(await handOver.drain(drainMs, drainsUntil, force))) {
    if (!force) {
      // Counted before the calls that waited at the gates join them: those did not hold anything up.
      const message = `${whyNotDrained(handOver, drainMs)}: ${countsOf(old)}; the old code serves on`
      handOver.reopen()
      await discardNew(changes, around)
      return { ...UNCHANGED, error: new GenerationError('busy', 'PLUGIN_BUSY', message) }
    }
    handOver.failRemaining(whyEnded(changes, reason, true))
  }
  for (const level of levelsOf(old).reverse())
    await Promise.all(level.map((generation) => generation.stop(reason, unreadMs, handOver)))
  // A plugin that was to answer during its stop() and did not: nobody will.
  handOver.failRemaining(whyEnded(changes, reason, false))

  const failure = await startNew(changes, handOver, around.router)
  if (failure === undefined) {
    handOver.commit()
    for (const generation of old) forget(generation, around.router)
    return UNCHANGED
  }
  handOver.abandon()
  await endStarted(changes, reason, around)
  return { ...failure, ...(await reviveOld(changes, around)), retired: Promise.resolve() }
}

/** Nothing is exclusive: the new generations start first; the old ones stop being chosen and drain after the commit. */
async function overlap(
  changes: readonly Change[],
  handOver: HandOverPort,
  drainMs: number,
  around: ChangeSurroundings,
): Promise<ChangeOutcome> {
  const failure = await startNew(changes, handOver, around.router)
  if (failure !== undefined) {
    handOver.abandon()
    await endStarted(changes, 'reload', around)
    return { ...UNCHANGED, ...failure }
  }
  handOver.commit()
  const retired = Promise.all(changes.flatMap(({ from }) => (from === undefined ? [] : retire(from, drainMs, around))))
  return { ...UNCHANGED, retired: retired.then(() => undefined) }
}

async function retire(generation: Generation, drainMs: number, around: ChangeSurroundings): Promise<void> {
  await Promise.all(
    generation.workers.map(async (worker) => {
      if (await around.router.idle(worker, drainMs)) return
      const why = `plugin '${generation.name}' was replaced, and the code before did not answer within ${drainMs} ms`
      around.router.failCalls(worker, why)
    }),
  )
  await generation.stop('reload')
  forget(generation, around.router)
}

async function startNew(
  changes: readonly Change[],
  handOver: HandOverPort,
  router: RouterPort,
): Promise<{ error: GenerationError; culprit?: PluginInstance } | undefined> {
  for (const generation of inOrder(changes.flatMap(({ to }) => to ?? []))) {
    for (const worker of generation.workers) router.addWorker(worker)
    try {
      await generation.start(handOver)
    } catch (error) {
      const culprit = changes.find(({ to }) => to === generation)?.instance
      const body = toErrorBody(error)
      const failed =
        error instanceof GenerationError
          ? error
          : new GenerationError('start', 'PLUGIN_START_FAILED', body.message, { cause: error })
      return { error: failed, ...(culprit && { culprit }) }
    }
    if (handOver.conflicts.length > 0) {
      const culprit = changes.find(({ to }) => to === generation)?.instance
      const error = new GenerationError('start', 'PLUGIN_START_FAILED', handOver.conflicts.join('; '))
      return { error, ...(culprit && { culprit }) }
    }
  }
  return undefined
}

/** Some may have started before another failed: they get their `stop()`. */
async function endStarted(changes: readonly Change[], reason: StopReason, around: ChangeSurroundings): Promise<void> {
  for (const generation of inOrder(changes.flatMap(({ to }) => to ?? [])).reverse()) {
    await generation.stop(reason)
    forget(generation, around.router)
  }
}

async function discardNew(changes: readonly Change[], around: ChangeSurroundings): Promise<void> {
  await Promise.all(changes.map(async ({ to }) => to?.discard()))
  for (const { to } of changes) if (to !== undefined) forget(to, around.router)
}

/** Starts the old generations again, each by itself: one that fails takes no other with it. Their gates are still closed. */
async function reviveOld(
  changes: readonly Change[],
  around: ChangeSurroundings,
): Promise<Pick<ChangeOutcome, 'revived' | 'lost'>> {
  const revived = new Map<PluginInstance, Generation>()
  const lost = new Map<PluginInstance, CodedError>()
  for (const old of inOrder(changes.flatMap(({ from }) => from ?? []))) {
    const change = changes.find(({ from }) => from === old)
    if (change === undefined) continue
    const error = await revive(old, change.instance, revived, around)
    if (error === undefined) {
      forget(old, around.router)
    } else {
      lost.set(change.instance, error)
      around.log.error(`plugin '${old.name}' could not be started again with its old code`, { error: error.message })
      for (const worker of old.workers) around.router.endWorker(worker, { abnormal: true })
    }
  }
  return { revived, lost }
}

async function revive(
  old: Generation,
  instance: PluginInstance,
  revived: Map<PluginInstance, Generation>,
  around: ChangeSurroundings,
): Promise<GenerationError | undefined> {
  let again: Generation
  try {
    again = await Generation.prepare({ ...old.plan, apart: true }, around)
  } catch (error) {
    return error as GenerationError
  }
  const change: Change = { instance, from: old, to: again }
  const handOver = around.router.beginHandOver(slotsOf([change]))
  const failure = await startNew([change], handOver, around.router)
  if (failure === undefined) {
    handOver.commit()
    revived.set(instance, again)
    return undefined
  }
  handOver.abandon()
  await endStarted([change], 'reload', around)
  return failure.error
}

/** Its calls, if any are left, settle; its ids stay where a generation took them over or the gate keeps them. */
function forget(generation: Generation, router: RouterPort): void {
  for (const worker of generation.workers) router.endWorker(worker, { abnormal: false })
}

function isOverlap({ from, to }: Change): boolean {
  return to !== undefined && to.declaration.overlap && (from === undefined || from.declaration.overlap)
}

function slotsOf(changes: readonly Change[]) {
  return changes.flatMap(({ instance }) => instance.slot ?? [])
}

/** What the others of the group require comes first; requirements outside the group are met already. */
function levelsOf(generations: readonly Generation[]): Generation[][] {
  return inLevels(generations, ({ plugin, declaration }) => ({ plugin, requires: declaration.requires }))
}

function inOrder(generations: readonly Generation[]): Generation[] {
  return levelsOf(generations).flat()
}

/** As callers are told whose calls are not answered any more. */
function whyEnded(changes: readonly Change[], reason: StopReason, isForced: boolean): string {
  if (reason === 'shutdown') return 'the engine is shutting down'
  const names = changes.flatMap(({ from }) => (from === undefined ? [] : `'${from.name}'`)).join(', ')
  const what = changes.every(({ to }) => to === undefined) ? 'stopped' : isForced ? 'reloaded by force' : 'reloaded'
  return changes.length === 1 ? `plugin ${names} was ${what}` : `the plugins ${names} were ${what}`
}

function whyNotDrained({ deadEnd }: HandOverPort, drainMs: number): string {
  return deadEnd === undefined
    ? `calls did not end within ${drainMs} ms`
    : `calls wait for plugin '${deadEnd}', which ended meanwhile and is started again first`
}

function countsOf(old: readonly Generation[]): string {
  return old.map(({ name, workers }) => `'${name}' (${inFlight(workers)} in flight)`).join(', ')
}

function inFlight(workers: Generation['workers']): number {
  return workers.reduce((sum, { calls }) => sum + calls.size, 0)
}
