// The types of state: what is said when values are read and written, and what bound functions get (spec 08 §8). Published as
// `iii-host/state`.
import type { StreamDeleteResult, StreamSetResult, StreamUpdateResult, UpdateOp } from './stream.ts'

export type { MergePath, UpdateOp, UpdateOpError } from './stream.ts'

/** Names one value. */
export interface StateGetInput {
  scope: string
  key: string
}

/** A value and where it belongs. */
export interface StateSetInput {
  scope: string
  key: string
  value: any
}

/** Names one value. */
export interface StateDeleteInput {
  scope: string
  key: string
}

/** Names all values of a scope. */
export interface StateListInput {
  scope: string
}

/** One value and what is to be done to it, in this order. */
export interface StateUpdateInput {
  scope: string
  key: string
  ops: UpdateOp[]
}

/** What a write resolves with. */
export type StateSetResult<T = any> = StreamSetResult<T>

/** What an update resolves with. */
export type StateUpdateResult<T = any> = StreamUpdateResult<T>

/** What deleting resolves with. */
export type StateDeleteResult<T = any> = StreamDeleteResult<T>

/** The name of `StateDeleteResult` in code of old. */
export type DeleteResult<T = any> = StateDeleteResult<T>

/** What happened to a value: `event_type` of an event. */
export const StateEventType = {
  Created: 'state:created',
  Updated: 'state:updated',
  Deleted: 'state:deleted',
} as const
export type StateEventType = (typeof StateEventType)[keyof typeof StateEventType]

/** What functions get that are bound to `state`. */
export interface StateEventData<T = any> {
  type: 'state'
  event_type: StateEventType
  scope: string
  key: string
  old_value?: T | null
  new_value?: T | null
}

/** A store of values by scope and key. An interface for code of one's own: nothing implements it here. */
export interface IState {
  get<T = any>(input: StateGetInput): Promise<T | null>
  set<T = any>(input: StateSetInput): Promise<StateSetResult<T> | null>
  delete<T = any>(input: StateDeleteInput): Promise<StateDeleteResult<T>>
  list<T = any>(input: StateListInput): Promise<T[]>
  update<T = any>(input: StateUpdateInput): Promise<StateUpdateResult<T> | null>
}
