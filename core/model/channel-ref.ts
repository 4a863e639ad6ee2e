// What names an end of a channel, in payloads and on the wire (spec 01 §16.1).

export interface ChannelRef {
  readonly channel_id: string
  readonly access_key: string
  readonly direction: 'read' | 'write'
}
