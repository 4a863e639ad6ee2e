// Our own SDK in place of the published ones, for the same cases.
import * as node from '../../sdk.ts'
import type { Client, Version } from './versions.ts'

const QUIET = { otel: { enabled: false }, reconnectionConfig: { initialDelayMs: 50, maxDelayMs: 200 } }

export const OWN: Version = {
  name: 'of our own',
  connect: (url, options) => node.registerWorker(url, { ...QUIET, ...options }) as unknown as Client,
  errorName: 'InvocationError',
  Logger: node.Logger,
  channel: (client) => node.createChannel(client as never),
  stream: (client, name, stream) => node.createStream(client as never, name, stream as never),
  http: node.http as Version['http'],
  channelReader: (url, ref) => new node.ChannelReader(url, ref as never),
}
