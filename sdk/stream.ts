// The types of streams: what is said when items are read and written, and what bound functions get (spec 08 §8). Published as
// `iii-host/stream`; no value is in here.

/** Names one item. */
export interface StreamGetInput {
  stream_name: string
  group_id: string
  item_id: string
}

/** One item and its new value. */
export interface StreamSetInput {
  stream_name: string
  group_id: string
  item_id: string
  data: any
}

/** Names one item. */
export interface StreamDeleteInput {
  stream_name: string
  group_id: string
  item_id: string
}

/** Names one group. */
export interface StreamListInput {
  stream_name: string
  group_id: string
}

/** Names one stream. */
export interface StreamListGroupsInput {
  stream_name: string
}

/** One item and what is to be done to it, in this order. */
export interface StreamUpdateInput {
  stream_name: string
  group_id: string
  item_id: string
  ops: UpdateOp[]
}

/** A place in a value: one member, or the members on the way to it. They are taken literally: a dot in one is a dot. Empty = the whole value. */
export type MergePath = string | string[]

/** One change of a value. The path `''` is the whole value. */
export type UpdateOp =
  | { type: 'set'; path: string; value: any }
  | { type: 'increment' | 'decrement'; path: string; by: number }
  | { type: 'append'; path?: MergePath; value: any }
  | { type: 'remove'; path: string }
  | { type: 'merge'; path?: MergePath; value: any }

/** Why one of the changes was left out; the others were made. */
export interface UpdateOpError {
  /** Which one, from 0. */
  op_index: number
  /** Such as `append.type_mismatch`. */
  code: string
  message: string
  doc_url?: string
}

/** What a write resolves with. */
export interface StreamSetResult<T = any> {
  /** null or left out when there was none. */
  old_value?: T | null
  new_value: T
}

/** What an update resolves with. */
export interface StreamUpdateResult<T = any> {
  /** null or left out when there was none. */
  old_value?: T | null
  new_value: T
  /** Left out when every change was made. */
  errors?: UpdateOpError[]
}

/** What deleting resolves with. */
export interface StreamDeleteResult<T = any> {
  /** null or left out when there was none. */
  old_value?: T | null
}

/** The name of `StreamDeleteResult` in code of old. */
export type DeleteResult<T = any> = StreamDeleteResult<T>

/** What the auth function of a stream's port gets. */
export interface StreamAuthInput {
  headers: Record<string, string>
  path: string
  query_params: Record<string, string[]>
  addr: string
}

/** What the auth function of a stream's port returns. */
export interface StreamAuthResult {
  /** Handed to functions that are bound to `stream:join` and `stream:leave`. */
  context?: any
}

/** What the auth function of a stream's port has said of a subscriber. */
export type StreamContext = StreamAuthResult['context']

/** What functions get that are bound to `stream:join` or `stream:leave`. */
export interface StreamJoinLeaveEvent {
  subscription_id: string
  stream_name: string
  group_id: string
  id?: string
  context?: StreamContext
}

/** What a function that is bound to `stream:join` returns. */
export interface StreamJoinResult {
  unauthorized: boolean
}

/** `config` of a binding to `stream`: all items of the stream, those of one group, or one item. */
export interface StreamTriggerConfig {
  stream_name: string
  group_id?: string
  item_id?: string
  /** Asked with each event: only where it returns true the bound function is called. */
  condition_function_id?: string
}

/** `config` of a binding to `stream:join` or `stream:leave`. */
export interface StreamJoinLeaveTriggerConfig {
  condition_function_id?: string
}

/** What functions get that are bound to `stream`. */
export interface StreamChangeEvent<T = any> {
  type: 'stream'
  /** Milliseconds since 1970. */
  timestamp: number
  streamName: string
  groupId: string
  /** Of the item. */
  id?: string
  event: { type: 'create' | 'update' | 'delete'; data: T }
}

/** A stream of one's own, for `createStream`: the engine asks it for the items of this stream. */
export interface IStream<T = any> {
  get(input: StreamGetInput): Promise<T | null>
  set(input: StreamSetInput): Promise<StreamSetResult<T> | null>
  delete(input: StreamDeleteInput): Promise<StreamDeleteResult>
  list(input: StreamListInput): Promise<T[]>
  /** Left out: the engine knows of no groups of this stream. */
  listGroups?(input: StreamListGroupsInput): Promise<string[]>
  /** Not asked for by the engine; for code of one's own. */
  update?(input: StreamUpdateInput): Promise<StreamUpdateResult<T> | null>
}
