// The `iii` handle of plugins, and of Node workers on a socket.
import { Numbered } from '../base/values/numbered.ts'
import { BaseHandle, type HandleOptions, type Surface } from './base-handle.ts'
import { ASYNC_CALL_CONTEXTS } from './async-call-contexts.ts'
import { ChannelReader } from './channel-reader.ts'
import { ChannelWriter } from './channel-writer.ts'
import type { ChannelOf } from './handle-types.ts'
import type { Transport } from './transport.ts'

export type { HandleOptions } from './base-handle.ts'
export type { HttpInvocation, TriggerRef, TriggerTypeRef } from './handle-types.ts'

/** A stream of text and binary items with two ends, each of which may be used here or be passed on by its ref. */
export interface Channel extends ChannelOf<ChannelReader, ChannelWriter> {}

const NODE: Surface<ChannelReader, ChannelWriter> = {
  ends: { Reader: ChannelReader, Writer: ChannelWriter },
  contexts: ASYNC_CALL_CONTEXTS,
  newCallTable: () => new Numbered(),
}

/** `iii`: registers functions and triggers, and calls others. A plugin gets one with its context. */
export class Handle extends BaseHandle<ChannelReader, ChannelWriter> {
  constructor(transport: Transport, options: HandleOptions = {}) {
    super(transport, NODE, options)
  }
}
