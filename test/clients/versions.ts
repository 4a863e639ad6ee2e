// The unmodified iii-sdk of two generations from npm, and what the tests use of them: the packages type their clients differently.
import { http as http22 } from '@iii-dev/helpers/http'
import { Logger as Logger22 } from '@iii-dev/helpers/observability'
import * as sdk22 from 'iii-sdk'
import { ChannelReader as ChannelReader22 } from 'iii-sdk/channel'
import * as helpers22 from 'iii-sdk/helpers'
import * as sdk11 from 'iii-sdk-0-11'
import { onTestFinished } from 'vitest'

export interface Client {
  registerFunction(
    id: string,
    handler: (data: any, metadata?: unknown) => unknown,
    options?: object,
  ): { id: string; unregister(): void }
  registerTrigger(input: object): { unregister(): void }
  registerTriggerType(input: object, handler: object): unknown
  trigger(request: object): Promise<any>
  shutdown(): Promise<void>
  createChannel?(size?: number): Promise<any>
  createStream?(name: string, stream: object): void
}

export interface Version {
  readonly name: string
  readonly connect: (url: string, options?: object) => Client
  readonly errorName: string
  readonly Logger: new () => { warn(message: string, data?: unknown): void }
  readonly channel: (client: Client) => Promise<any>
  /** Serves a custom stream. */
  readonly stream: (client: Client, name: string, stream: object) => void
  /** Makes a handler of one that gets a request and a response to write to. */
  readonly http: (handler: (request: any, response: any) => unknown) => (data: any) => unknown
  readonly channelReader: (url: string, ref: object) => { readAll(): Promise<Buffer> }
}

const QUIET = {
  otel: { enabled: false },
  enableMetricsReporting: false,
  reconnectionConfig: { initialDelayMs: 50, maxDelayMs: 200 },
}

export const V22: Version = {
  name: '0.22.1',
  connect: (url, options) => sdk22.registerWorker(url, { ...QUIET, ...options }) as unknown as Client,
  errorName: 'InvocationError',
  Logger: Logger22,
  channel: (client) => (helpers22 as any).createChannel(client),
  stream: (client, name, stream) => (helpers22 as any).createStream(client, name, stream),
  http: http22 as Version['http'],
  channelReader: (url, ref) => new ChannelReader22(url, ref as never),
}

export const V11: Version = {
  name: '0.11.6',
  connect: (url, options) => sdk11.registerWorker(url, { ...QUIET, ...options }) as unknown as Client,
  errorName: 'IIIInvocationError',
  Logger: sdk11.Logger,
  channel: (client) => client.createChannel!(),
  stream: (client, name, stream) => client.createStream!(name, stream),
  http: sdk11.http as Version['http'],
  channelReader: (url, ref) => new sdk11.ChannelReader(url, ref as never),
}

/** A client that is shut down when the test is over, unless the test has done so. */
export function connectSdk(version: Version, url: string, options: object = {}): Client {
  const client = version.connect(url, options)
  onTestFinished(() => client.shutdown())
  return client
}

/** Code of the error that a call ends with; undefined when it succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<any> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  )
}
