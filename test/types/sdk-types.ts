// What programs on the SDK write, as the compiler must see it. Nothing here runs.
import * as browser from 'iii-host/browser'
import type { StreamChangeEvent as PageEvent } from 'iii-host/browser/stream'
import {
  ChannelReader,
  DEFAULT_ENGINE_URL,
  http,
  IIIInvocationError,
  InvocationError,
  Logger,
  registerWorker,
  StateEventType,
  TriggerAction,
  type ApiRequest,
  type ApiResponse,
  type AuthInput,
  type AuthResult,
  type Channel,
  type EnqueueResult,
  type FunctionInfo,
  type IIIClient,
  type IIIConnectionState,
  type InitOptions,
  type ISdk,
  type RegistrationRejectedError,
  type RemoteFunctionHandler,
  type StreamChannelRef,
  type TriggerHandler,
} from 'iii-host/sdk'
import { createChannel, createStream } from 'iii-host/sdk/helpers'
import type { HttpRequest, HttpResponse } from 'iii-host/sdk/http'
import type { StateEventData } from 'iii-host/state'
import type { IStream, StreamSetResult, UpdateOp } from 'iii-host/stream'

const options: InitOptions = { workerName: 'w', reconnectionConfig: { maxRetries: -1 }, headers: { a: 'b' } }
const iii: IIIClient = registerWorker(DEFAULT_ENGINE_URL, options)
const old: ISdk = iii
registerWorker()

interface Order {
  readonly item: string
}
const ref = iii.registerFunction('orders::create', async ({ item }: Order, metadata) => ({ id: item, metadata }))
iii.registerFunction({ id: 'orders::drop', description: 'd' }, (order: Order) => order.item)
iii.registerFunction('orders::hook', {
  url: 'https://example.com',
  method: 'PUT',
  auth: { type: 'bearer', token_key: 'TOKEN' },
})
const id: string = ref.id
ref.unregister()

const made = await iii.trigger<Order, { id: string }>({ function_id: 'orders::create', payload: { item: 'x' } })
const text: string = made.id
const nothing: undefined = await iii.trigger({ function_id: id, payload: 1, action: TriggerAction.Void() })
const receipt: EnqueueResult = await iii.trigger({ function_id: id, action: TriggerAction.Enqueue({ queue: 'q' }) })
// @ts-expect-error: an order has an item
await iii.trigger<Order>({ function_id: 'orders::create', payload: { itm: 'x' } })
// @ts-expect-error: the id is required
await iii.trigger({ payload: {} })
// @ts-expect-error: a known function, whose payload has a key
await iii.trigger({ function_id: 'state::get', payload: { scope: 's' } })
// @ts-expect-error: an address is a text
registerWorker(5)

iii.registerTrigger({ type: 'cron', function_id: id, config: { expression: '* * * * * *' } }).unregister()
const ticks = iii.registerTriggerType<{ every: number }>(
  { id: 'ticks', description: 'd' },
  {
    registerTrigger: async ({ config }) => void config.every.toFixed(),
    unregisterTrigger: async ({ id: gone }) => void gone.length,
  },
)
ticks.registerTrigger(id, { every: 1 })
// @ts-expect-error: every is a number
ticks.registerTrigger(id, { every: 'second' })

const channel: Channel = await iii.createChannel(8)
const same = await createChannel(iii)
channel.writer.stream.write(Buffer.from('x'))
channel.writer.write('x')
same.writer.sendMessage('x')
const readerRef: StreamChannelRef = channel.readerRef
const bytes: Buffer = await new ChannelReader(iii.address, readerRef).readAll()

const stop: () => void = iii.addConnectionStateListener((state: IIIConnectionState) => state === 'connected')
const functions: FunctionInfo[] = await old.listFunctions(true)
const handler: RemoteFunctionHandler = () => null
const types: TriggerHandler = { registerTrigger() {}, unregisterTrigger() {} }
const fatal: RegistrationRejectedError | undefined = iii.getFatalError()
try {
  await iii.trigger({ function_id: id })
} catch (error) {
  if (error instanceof IIIInvocationError) new Logger().error(error.code, { at: error.function_id })
}
iii.registerFunction(
  'page',
  http(async ({ path_params }, response) => {
    response.status(200)
    response.headers({ 'content-type': 'text/plain' })
    response.stream.end(path_params['name'])
  }),
)
iii.registerFunction('api', async ({ body }: ApiRequest<Order>): Promise<ApiResponse> => ({ status_code: 200, body }))
iii.registerFunction('whole', async ({ method }: HttpRequest): Promise<HttpResponse> => ({
  status_code: 200,
  body: method,
}))
iii.registerFunction('auth', async ({ ip_address }: AuthInput): Promise<AuthResult> => ({ context: { ip_address } }))
iii.registerFunction('on::state', async ({ event_type, new_value }: StateEventData<Order>) =>
  event_type === StateEventType.Created ? new_value?.item : null,
)

const op: UpdateOp = { type: 'increment', path: 'n', by: 1 }
const stream: IStream<Order> = {
  get: async () => ({ item: 'x' }),
  set: async ({ data }): Promise<StreamSetResult<Order>> => ({ new_value: data }),
  delete: async () => ({}),
  list: async () => [],
  listGroups: async () => ['g'],
  update: async ({ ops }) => (ops.includes(op) ? null : { new_value: { item: 'x' } }),
}
createStream(iii, 'orders', stream)
iii.createStream('orders', stream)
await iii.shutdown()

const page: browser.ISdk = browser.registerWorker('wss://example.com/?token=x', { workerName: 'tab' })
const remove = page.registerFunction({ id: 'ui::on-change' }, async ({ event }: PageEvent<Order>) => event.data.item)
const { writer, reader } = await page.createChannel()
writer.sendBinary(new Uint8Array(1))
reader.onBinary((piece: Uint8Array) => piece.length)
const read: Uint8Array = await reader.readAll()
// @ts-expect-error: a page has no streams of Node
writer.stream.end()
// @ts-expect-error: a page has to say the address
browser.registerWorker()

export { bytes, fatal, functions, handler, InvocationError, nothing, read, receipt, remove, stop, text, types }
