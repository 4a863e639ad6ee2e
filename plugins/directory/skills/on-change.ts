// Fires the trigger types of changed skills, prompts and profiles. Files are watched while somebody is bound, and not before.
import path from 'node:path'
import { settlesWithin } from '../../../base/time/deadline.ts'
import { systemClock, type Clock } from '../../../base/time/clock.ts'
import { TriggerBindings, type BindingFilter } from '../../../kit/triggers/trigger-bindings.ts'
import type { TriggerBinding } from '../../../sdk/handle-types.ts'
import type { PluginContext } from '../../../sdk/plugin.ts'
import type { ChangesInTurn } from '../files/changes-in-turn.ts'
import type { ChangeWatch } from '../files/change-watch.ts'
import { idOf, kindOf, namespaceOf } from './skill-id.ts'
import { CHANGE_KINDS, type ChangeKind, changeTriggerType, MAX_CHANGED } from './trigger-types.ts'

export type ChangeEvent =
  | { readonly op: 'download'; readonly namespace: string; readonly source: 'repo' | 'registry' }
  | { readonly op: 'create' | 'update' | 'delete'; readonly namespace: string; readonly id: string }
  | { readonly op: 'create' | 'update' | 'delete'; readonly name: string }
  | { readonly op: 'external'; readonly changed: readonly string[]; readonly count: number }

export interface OnChangeDeps {
  readonly context: Pick<PluginContext, 'iii' | 'log'>
  readonly changes: ChangesInTurn
  /** Absolute paths. */
  readonly skillFolders: readonly string[]
  readonly agentsFolder: string
  readonly clock?: Clock
}

/** A folder that is looked through for longer is watched all the same; the binding is accepted meanwhile. */
const BEGIN_MS = 5_000

export class OnChange {
  readonly #deps: OnChangeDeps
  readonly #bindings: Readonly<Record<ChangeKind, TriggerBindings<BindingFilter, ChangeEvent>>>
  #beginning: Promise<void> | undefined
  #watch: ChangeWatch | undefined

  constructor(deps: OnChangeDeps) {
    this.#deps = deps
    const { iii, log } = deps.context
    const bindings = (): TriggerBindings<BindingFilter, ChangeEvent> =>
      new TriggerBindings({ iii, log, readConfig: () => ({}), matches: () => true, payload: (event) => event })
    this.#bindings = { skills: bindings(), prompts: bindings(), 'system-prompts': bindings(), agents: bindings() }
    for (const kind of CHANGE_KINDS) {
      iii.registerTriggerType(changeTriggerType(kind), {
        registerTrigger: async (binding: TriggerBinding) => {
          this.#bindings[kind].registerTrigger(binding)
          await settlesWithin(this.#begin(), BEGIN_MS)
        },
        unregisterTrigger: (binding) => {
          this.#bindings[kind].unregisterTrigger(binding)
          if (CHANGE_KINDS.every((other) => this.#bindings[other].size === 0)) this.#end()
        },
      })
    }
  }

  /** What the engine has done itself; in turn with other changes. @param files absolute paths of what was written or deleted */
  async changed(kind: ChangeKind, event: ChangeEvent, files: readonly string[]): Promise<void> {
    // One that has not begun yet looks at the files after this change.
    await this.#watch?.wrote(files)
    this.#bindings[kind].fire(event)
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#end()
    await Promise.all(CHANGE_KINDS.map((kind) => this.#bindings[kind].settle(deadlineMs)))
  }

  #begin(): Promise<void> {
    this.#beginning ??= this.#open()
    return this.#beginning
  }

  async #open(): Promise<void> {
    const { ChangeWatch: Made } = await import('../files/change-watch.ts')
    if (this.#beginning === undefined || this.#watch !== undefined) return
    const { skillFolders, agentsFolder, changes, clock = systemClock, context } = this.#deps
    const warn = (why: string): void => context.log.warn(`changes of skills by others may not be noticed: ${why}`)
    this.#watch = new Made({
      folders: [...new Set([...skillFolders, agentsFolder])],
      clock,
      changes,
      onChange: (files) => this.#fireExternal(files),
      onError: (error) => warn(error.message),
    })
    await this.#watch.begin()
  }

  #end(): void {
    this.#watch?.close()
    this.#watch = undefined
    this.#beginning = undefined
  }

  #fireExternal(files: readonly string[]): void {
    const changed: Record<ChangeKind, string[]> = { skills: [], prompts: [], 'system-prompts': [], agents: [] }
    for (const file of files) {
      const [kind, name] = this.#placeOf(file) ?? []
      if (kind !== undefined && name !== undefined && !changed[kind].includes(name)) changed[kind].push(name)
    }
    for (const kind of CHANGE_KINDS) {
      const names = changed[kind]
      if (names.length === 0) continue
      this.#bindings[kind].fire({ op: 'external', changed: names.slice(0, MAX_CHANGED), count: names.length })
    }
  }

  /** What a file is one of, and its id or name. */
  #placeOf(file: string): readonly [ChangeKind, string] | undefined {
    const { agentsFolder, skillFolders } = this.#deps
    if (path.dirname(file) === agentsFolder) return ['agents', path.basename(file, '.md')]
    const folder = skillFolders.find((each) => file.startsWith(each + path.sep))
    if (folder === undefined) return undefined
    const relative = file.slice(folder.length + 1).replaceAll(path.sep, '/')
    const kind = kindOf(relative)
    if (kind === 'agents') return undefined
    return [kind, kind === 'skills' ? idOf(relative) : path.basename(file, '.md')]
  }
}

/** Of a skill that was changed by a function. */
export function skillEvent(op: 'create' | 'update' | 'delete', id: string): ChangeEvent {
  return { op, namespace: namespaceOf(id), id }
}
