// Entries that are no plugins: who runs them is asked of the holder of the seat `entries`, in both phases of a change.
import { expect, test } from 'vitest'
import { plainEntry } from '../../../core/config/instance-ids.ts'
import type { EngineConfig, WorkerEntry } from '../../../core/config/types.ts'
import { ENGINE_DEFAULTS } from '../../../core/model/options.ts'
import { SeatEntries } from '../../../core/seats/entries.ts'
import type { EntriesAnswer, EntriesQuestion } from '../../../protocol/seats.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'

const SEAT = 'engine::seat::entries'

/** Runs entries with a `worker_path`; refuses those of the path `./broken`. */
class Holder {
  readonly asked: EntriesQuestion[] = []
  /** Called before each answer. */
  before: (question: EntriesQuestion) => unknown = () => undefined

  readonly answer = async (input: unknown): Promise<EntriesAnswer | null> => {
    const question = input as EntriesQuestion
    this.asked.push(question)
    await this.before(question)
    if (question.op !== 'prepare') return null
    const broken = question.entries.filter((entry) => entry.worker_path === './broken')
    return {
      taken: question.entries.filter((entry) => entry.worker_path !== null).map((entry) => entry.instance_id),
      problems: broken.map((entry) => ({
        instance_id: entry.instance_id,
        code: 'NOT_FOUND',
        message: 'no such folder',
      })),
    }
  }

  get ops(): string[] {
    return this.asked.map((question) => {
      if (question.op !== 'prepare') return question.op
      return `${question.in_force ? 'in force' : 'prepare'} ${question.entries.map((entry) => entry.name).join()}`
    })
  }
}

const entry = (name: string, workerPath?: string): WorkerEntry => ({
  instanceId: name,
  ...plainEntry(name),
  workerPath,
  config: { of: name },
  origin: `iii-config.yaml:${name.length}`,
})

const configOf = (...entries: WorkerEntry[]): EngineConfig => ({
  file: '/p/iii-config.yaml',
  projectRoot: '/p',
  pluginsDir: '/p/plugins',
  engine: ENGINE_DEFAULTS,
  registrationNamespaceGraceMs: 0,
  entries,
  warnings: [],
})

async function scene({ strict = false, hold = true } = {}) {
  const core = await startCore({ listeners: [] })
  const holder = new Holder()
  if (hold) core.plugin('lifecycle', { [SEAT]: holder.answer })
  const entries = new SeatEntries({
    seat: core.core.seats.entries,
    log: core.core.router.log,
    unclaimed: (config) => config.entries.map((one) => ({ entry: one, absence: `nobody runs '${one.name}'` })),
    strict,
  })
  return { core, holder, entries }
}

/** Another generation of a plugin takes the place of the one before. */
function replace(core: TestCore, holder: Holder): void {
  const old = core.core.seats.entries.holder
  if (old !== undefined) {
    for (const worker of old.workers) core.core.router.endWorker(worker, { abnormal: true })
    core.core.router.removeSlot(old)
  }
  core.plugin('lifecycle', { [SEAT]: holder.answer })
}

async function change(entries: SeatEntries, config: EngineConfig): Promise<void> {
  const part = await entries.prepare(config)
  expect(part.problems).toEqual([])
  await part.commit()
}

test('The holder is asked which entries it runs, with all that it needs, and told to run them at the commit', async () => {
  const { holder, entries } = await scene()
  const part = await entries.prepare(configOf(entry('math', './math'), entry('odd')))
  expect(part.problems).toEqual([])
  expect(holder.asked).toEqual([
    {
      op: 'prepare',
      id: expect.any(String),
      in_force: false,
      entries: [
        {
          instance_id: 'math',
          name: 'math',
          written_name: 'math',
          worker_path: './math',
          config: { of: 'math' },
          origin: 'iii-config.yaml:4',
        },
        expect.objectContaining({ name: 'odd', worker_path: null }),
      ],
      project_root: '/p',
      file: '/p/iii-config.yaml',
    },
  ])
  expect(entries.warnings).toEqual([])
  await part.commit()
  const [prepared, committed] = holder.asked
  expect(committed).toEqual({ op: 'commit', id: (prepared as { id: string }).id })
})

test('What the holder does not take is skipped with a warning', async () => {
  const { core, entries } = await scene()
  await change(entries, configOf(entry('math', './math'), entry('odd')))
  expect(entries.warnings).toEqual(["iii-config.yaml:3: nobody runs 'odd'"])
  expect(core.logged('warn').map(({ msg }) => msg)).toEqual(["iii-config.yaml:3: nobody runs 'odd'"])
})

test('While the seat is empty every entry is skipped with a warning', async () => {
  const { core, entries } = await scene({ hold: false })
  await change(entries, configOf(entry('math', './math')))
  expect(core.logged('warn').map(({ msg }) => msg)).toEqual(["iii-config.yaml:4: nobody runs 'math'"])
})

test('In strict mode an entry that nobody takes refuses the change, one that is taken does not', async () => {
  const { entries } = await scene({ strict: true })
  const { problems } = await entries.prepare(configOf(entry('math', './math'), entry('odd')))
  expect(problems).toEqual([
    { subject: "entry 'odd'", code: 'NOT_FOUND', message: "iii-config.yaml:3: nobody runs 'odd'" },
  ])
})

test('Problems of the holder refuse the change, and it is told to forget it', async () => {
  const { holder, entries } = await scene()
  await change(entries, configOf(entry('math', './math')))
  const part = await entries.prepare(configOf(entry('math', './math'), entry('bad', './broken')))
  expect(part.problems).toEqual([
    { subject: "entry 'bad'", code: 'NOT_FOUND', message: 'iii-config.yaml:3: no such folder' },
  ])
  await part.discard()
  expect(holder.ops).toEqual(['prepare math', 'commit', 'prepare math,bad', 'discard'])
})

test.each([
  ['an error', () => Promise.reject(new Error('out of order')), 'out of order'],
  ['no answer of the right shape', () => ({ taken: 'all' }), 'the answer must be {taken, problems}'],
])('%s of the holder refuses the change', async (_what, answer, message) => {
  const { core, entries } = await scene({ hold: false })
  core.plugin('lifecycle', { [SEAT]: answer })
  const { problems } = await entries.prepare(configOf(entry('math', './math')))
  expect(problems).toMatchObject([{ subject: 'the seat entries', message: expect.stringContaining(message) }])
})

test('A holder that comes later is told the entries in force', async () => {
  const { core, holder, entries } = await scene({ hold: false })
  await change(entries, configOf(entry('math', './math')))
  expect(entries.warnings).toHaveLength(1)
  replace(core, holder)
  await expect.poll(() => holder.ops).toEqual(['in force math', 'commit'])
  await entries.settled()
  expect(entries.warnings).toEqual([])
})

test('The next generation of the holder is told them again, and what it can not run is left out and logged', async () => {
  const { core, holder, entries } = await scene()
  await change(entries, configOf(entry('math', './math')))
  const next = new Holder()
  holder.asked.length = 0
  replace(core, next)
  await expect.poll(() => next.ops).toEqual(['in force math', 'commit'])
  await change(entries, configOf(entry('math', './math'), entry('more', './more')))
  expect(next.ops.slice(2)).toEqual(['prepare math,more', 'commit'])
  expect(holder.asked).toEqual([])
})

test('A holder that is replaced between the phases is told what came into force, not half of a change', async () => {
  const { core, holder, entries } = await scene()
  await change(entries, configOf(entry('math', './math')))
  const part = await entries.prepare(configOf(entry('more', './more')))
  const next = new Holder()
  replace(core, next)
  await part.commit()
  expect(next.ops).toEqual(['in force more', 'commit'])
  expect(holder.ops).toEqual(['prepare math', 'commit', 'prepare more'])
})

test('A holder that comes while a change is refused is told what stays in force', async () => {
  const { core, entries } = await scene()
  await change(entries, configOf(entry('math', './math')))
  const part = await entries.prepare(configOf(entry('more', './more')))
  const next = new Holder()
  replace(core, next)
  await part.discard()
  expect(next.ops).toEqual(['in force math', 'commit'])
})

test('A commit that the holder rejects rejects, and what was in force is told again', async () => {
  const { holder, entries } = await scene()
  await change(entries, configOf(entry('math', './math')))
  holder.asked.length = 0
  const part = await entries.prepare(configOf(entry('more', './more')))
  holder.before = ({ op }) => {
    holder.before = () => undefined
    if (op === 'commit') throw new Error('no room')
  }
  await expect(part.commit()).rejects.toThrow('no room')
  expect(holder.ops).toEqual(['prepare more', 'commit', 'in force math', 'commit'])
})

test('Without a change so far nothing is told to a holder that comes', async () => {
  const { core, holder, entries } = await scene({ hold: false })
  replace(core, holder)
  await entries.settled()
  expect(holder.asked).toEqual([])
})
