// What happened in a stream, and the JSON that subscribers and bound functions get of it (spec 02 §6.1, §6.5).

/** A place in the history of a store: how many events came before, in an epoch that changes when history is lost. */
export interface Position {
  readonly epoch: string
  readonly offset: number
}

export type Change = 'create' | 'update' | 'delete'

export interface StreamEventInput {
  readonly stream: string
  readonly group: string
  /** null: `stream::send` without an id. */
  readonly item: string | null
  /** Unix milliseconds; strictly increasing per item, never decreasing. */
  readonly timestamp: number
  /** JSON of the `event` member, such as `{"type":"create","data":…}`. */
  readonly event: string
  /** undefined: it stands in no history, such as one published by an engine that keeps none. */
  readonly position: Position | undefined
}

/** The event of a write: its text is put together when somebody wants it. */
export interface ChangeInput extends Omit<StreamEventInput, 'event'> {
  readonly change: Change
  /** JSON of the new value, or of the deleted one. */
  readonly data: string
}

export class StreamEvent implements StreamEventInput {
  readonly stream: string
  readonly group: string
  readonly item: string | null
  readonly timestamp: number
  readonly position: Position | undefined
  /** Of a write. */
  readonly change: Change | undefined
  /** What `change` is about, otherwise the whole of `event`. */
  readonly data: string
  #frame: Buffer | undefined

  constructor(input: StreamEventInput | ChangeInput) {
    this.stream = input.stream
    this.group = input.group
    this.item = input.item
    this.timestamp = input.timestamp
    this.position = input.position
    if ('change' in input) {
      this.change = input.change
      this.data = input.data
    } else {
      this.change = undefined
      this.data = input.event
    }
  }

  get event(): string {
    return this.change === undefined ? this.data : changeText(this.change, this.data)
  }

  /** JSON text of the wrapper, in UTF-8, with the position: made once for all subscribers. */
  get frame(): Buffer {
    return (this.#frame ??= Buffer.from(wrapperText(this)))
  }

  /** The wrapper as bound functions get it, without the position. */
  get payload(): string {
    return wrapperText({ ...this.fields, position: undefined })
  }

  private get fields(): StreamEventInput {
    const { stream, group, item, timestamp, event, position } = this
    return { stream, group, item, timestamp, event, position }
  }
}

export function wrapperText({ stream, group, item, timestamp, event, position }: StreamEventInput): string {
  return (
    `{"type":"stream","timestamp":${timestamp},"streamName":${JSON.stringify(stream)},"groupId":${JSON.stringify(group)},` +
    `"id":${JSON.stringify(item)},${position === undefined ? '' : `"position":"${positionText(position)}",`}"event":${event}}`
  )
}

/** `<epoch>-<offset>`: opaque to clients. */
function positionText({ epoch, offset }: Position): string {
  return `${epoch}-${offset}`
}

/** undefined for anything that is no position. */
export function readPosition(text: string): Position | undefined {
  const match = /^([0-9a-z]{1,32})-(\d{1,15})$/.exec(text)
  if (match === null) return undefined
  return { epoch: match[1]!, offset: Number(match[2]) }
}

export function changeText(change: Change, data: string): string {
  return `{"type":"${change}","data":${data}}`
}
