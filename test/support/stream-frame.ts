// What clients of the stream WebSocket get, as tests read it (spec 02 §6.4).

export interface StreamFrame {
  readonly type: 'stream'
  readonly timestamp: number
  readonly streamName: string
  readonly groupId: string
  readonly id: string | null
  readonly position?: string
  readonly event: {
    readonly type: string
    readonly data?: any
    readonly event?: { readonly type: string; readonly data: unknown }
    readonly recovered?: boolean
  }
}

/** Frames that answer a subscriber itself; all others are events. */
export const ANSWER_TYPES: ReadonlySet<string> = new Set(['sync', 'resume', 'unauthorized'])
