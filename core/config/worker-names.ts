// The names of iii's workers through the ages (spec 04 A.3.1), and what else the core must know of workers that it is not itself:
// read from the table of built-in workers, which is handed in. The core names none but its own.
import { matchesWildcard } from '../../base/values/wildcard.ts'
import type { BuiltIn, WorkerAbout } from '../../sdk/built-in.ts'
import { ExactGrants } from '../model/exact-grants.ts'
import type { KnownWorkers } from '../model/known-workers.ts'

export const LISTENER_NAME = 'iii-worker-manager'
export const ENGINE_FUNCTIONS_NAME = 'iii-engine-functions'

/** Parts of the engine itself, which stand in a configuration like any other worker. */
const CORE: readonly WorkerAbout[] = [
  { name: LISTENER_NAME, classes: ['modules::worker::WorkerModule'], mandatory: true, repeatable: true },
  { name: ENGINE_FUNCTIONS_NAME, classes: ['modules::engine_fn::EngineFunctionsModule'], mandatory: true },
]

export class WorkerNames implements KnownWorkers {
  readonly builtIns: readonly BuiltIn[]
  readonly exactGrants: ExactGrants
  /** The engine's own, those of this version, those that it has not; each in the order of its table. */
  readonly #all: readonly WorkerAbout[]
  readonly #byName: ReadonlyMap<string, WorkerAbout>
  readonly #canonical: ReadonlyMap<string, string>
  readonly #provided: ReadonlySet<string>
  readonly #adapterNames: Readonly<Record<string, string>>

  /**
   * @param absent workers that this version knows and has not.
   * @throws when two workers share a name.
   */
  constructor(builtIns: readonly BuiltIn[] = [], absent: readonly WorkerAbout[] = []) {
    const own = [...CORE, ...builtIns.map(({ about }) => about)]
    this.builtIns = builtIns
    this.#all = [...own, ...absent]
    this.#provided = new Set(own.map(({ name }) => name))
    this.#byName = new Map(this.#all.map((about) => [about.name, about]))
    this.#canonical = new Map(this.#all.flatMap((about) => otherNames(about).map((other) => [other, about.name])))
    this.#adapterNames = Object.assign({}, ...this.#all.map(({ adapterClasses }) => adapterClasses))
    this.exactGrants = new ExactGrants(
      this.#all.flatMap(({ exactGrants = [] }) => exactGrants),
      this.#all.flatMap(({ exactTriggerTypes = [] }) => exactTriggerTypes),
    )
    const names = this.#all.flatMap((about) => [about.name, ...otherNames(about)])
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) throw new Error(`two workers of the table are named '${twice}'`)
  }

  get all(): readonly WorkerAbout[] {
    return this.#all
  }

  /** From short alias, old class or the name itself to the canonical name; a name of nobody stays as it is. */
  canonicalName(written: string): string {
    return this.#canonical.get(written) ?? written
  }

  /** Short alias and old classes of a worker; empty for a name of nobody. */
  aliasesOf(name: string): string[] {
    const about = this.#byName.get(name)
    return about === undefined ? [] : otherNames(about)
  }

  isKnown(name: string): boolean {
    return this.#byName.has(name)
  }

  /** There is a worker behind this known name in this version, or it is the engine's own. */
  isProvided(name: string): boolean {
    return this.#provided.has(name)
  }

  isCore(name: string): boolean {
    return CORE.some((core) => core.name === name)
  }

  isRepeatable(name: string): boolean {
    return this.#byName.get(name)?.repeatable === true
  }

  /** Whether a built-in leaves a shared thread when that is busy, with these settings; undefined = it does not share one, or stays. */
  leavesWhenBusy(name: string, config: Readonly<Record<string, unknown>>): boolean | undefined {
    return this.builtIns.find(({ about }) => about.name === name)?.about.leavesWhenBusy?.(config)
  }

  /** Whether a built-in with these settings rests in a shared thread as long as it has not been used. */
  restsUntilUsed(name: string, config: Readonly<Record<string, unknown>>): boolean {
    return this.builtIns.find(({ about }) => about.name === name)?.about.restsUntilUsed?.(config) === true
  }

  /** Workers that run when there is no configuration file, besides the mandatory ones. */
  get defaults(): string[] {
    return [LISTENER_NAME, ...this.builtIns.filter(({ about }) => about.isDefault).map(({ about }) => about.name)]
  }

  /** Those of this version that are added where a configuration does not name them. */
  mandatory(env: Readonly<Record<string, string | undefined>>): string[] {
    const isKeptOut = ({ keptOutBy }: WorkerAbout): boolean => keptOutBy !== undefined && (env[keptOutBy] ?? '') !== ''
    return this.#all
      .filter((about) => about.mandatory === true && this.isProvided(about.name) && !isKeptOut(about))
      .map(({ name }) => name)
  }

  /** The worker of this version that holds a seat. */
  ofSeat(seat: string): string | undefined {
    return this.builtIns.find(({ about }) => about.seats?.includes(seat) === true)?.about.name
  }

  /** Canonical name → short alias, of those that have one (spec 04 A.3.2). */
  get aliasPairs(): (readonly [name: string, alias: string])[] {
    return this.#all.flatMap(({ name, alias }) => (alias === undefined ? [] : [[name, alias] as const]))
  }

  /** What a person may have meant: canonical names and short aliases of the workers of this version. */
  get suggestible(): string[] {
    return this.#namesWhere((name) => this.isProvided(name))
  }

  /** Old classes of the workers of this version. */
  get classes(): string[] {
    return this.#all.filter(({ name }) => this.isProvided(name)).flatMap(({ classes = [] }) => classes)
  }

  /** As `suggestible`, of those that this version has not. */
  get absent(): string[] {
    return this.#namesWhere((name) => !this.isProvided(name))
  }

  /**
   * `config.adapter: {class, config}` → `{name, config}`; anything else stays as it is. A class of nobody becomes the name,
   * so that the worker refuses it with the list of the adapters that it has.
   */
  nameAdapter(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const { adapter } = config
    if (typeof adapter !== 'object' || adapter === null || Array.isArray(adapter)) return config
    const { class: written, ...rest } = adapter as Record<string, unknown>
    if (typeof written !== 'string') return config
    const name = Object.hasOwn(this.#adapterNames, written) ? this.#adapterNames[written] : written
    return { ...config, adapter: { name, ...rest } }
  }

  ofTriggerType(id: string): string | undefined {
    return this.#whoHas(({ triggerTypes }) => triggerTypes, id)
  }

  ofFunction(id: string): string | undefined {
    return this.#whoHas(({ functionIds }) => functionIds, id)
  }

  #namesWhere(accepts: (name: string) => boolean): string[] {
    const workers = this.#all.filter(({ name }) => accepts(name))
    return workers.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]))
  }

  #whoHas(patternsOf: (about: WorkerAbout) => readonly string[] | undefined, id: string): string | undefined {
    return this.#all.find((about) => patternsOf(about)?.some((pattern) => matchesWildcard(pattern, id)))?.name
  }
}

function otherNames({ alias, classes = [] }: WorkerAbout): string[] {
  return alias === undefined ? [...classes] : [alias, ...classes]
}
