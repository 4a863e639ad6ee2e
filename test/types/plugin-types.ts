// Compiled, never run: what a plugin's author is told by the types. Each `@ts-expect-error` is a mistake that must be one.
import {
  definePlugin,
  InvocationError,
  TriggerAction,
  type Handle,
  type FunctionRef,
  type RawJson,
  type FunctionInput,
  type FunctionOutput,
  type TriggerConfig,
  type TriggerEvent,
} from 'iii-host/plugin'

declare const iii: Handle

/** Compiles only where both types are the same. */
type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false
const same = <_Holds extends true>(): void => {}

// ── config from the schema ─────────────────────────────────────────────────────────────────────────────────────────

definePlugin({
  name: 'inferred',
  config: {
    type: 'object',
    required: ['to'],
    properties: {
      to: { type: 'string' },
      step: { type: 'integer', default: 1 },
      mode: { enum: ['fast', 'safe'], default: 'safe' },
      note: { type: ['string', 'null'] },
      tags: { type: 'array', items: { type: 'string' }, default: [] },
      limits: { type: 'object', properties: { bytes: { type: 'number' } }, additionalProperties: false },
      either: { anyOf: [{ type: 'string' }, { type: 'boolean' }], default: true },
      anything: {},
    },
    additionalProperties: false,
  },
  start({ config }) {
    same<
      Same<
        typeof config,
        {
          readonly to: string
          readonly step: number
          readonly mode: 'fast' | 'safe'
          readonly tags: readonly string[]
          readonly either: string | boolean
          readonly note?: string | null
          readonly limits?: { readonly bytes?: number }
          readonly anything?: unknown
        }
      >
    >()
    // @ts-expect-error: no such setting
    void config.stepp
    // @ts-expect-error: settings are frozen
    config.step = 2
    return {
      reconfigure(changed) {
        same<Same<typeof changed, typeof config>>()
      },
    }
  },
})

definePlugin({
  name: 'without-settings',
  start({ config }) {
    same<Same<typeof config, Readonly<Record<string, unknown>>>>()
  },
})

definePlugin<{ step: number }>({
  name: 'said',
  config: { type: 'object', properties: { step: { type: 'integer', default: 1 } } },
  start({ config }) {
    same<Same<typeof config, { step: number }>>()
  },
})

const elsewhere = { type: 'object', properties: { step: { type: 'integer', default: 1 } } } as const
definePlugin({
  name: 'schema-elsewhere',
  config: elsewhere,
  start: ({ config }) => same<Same<typeof config.step, number>>(),
})

// @ts-expect-error: a definition has a name
definePlugin({ start() {} })

// ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export async function calls(): Promise<void> {
  const said = await iii.trigger<{ item: string }, { id: string }>({
    function_id: 'orders::create',
    payload: { item: 'tea' },
  })
  same<Same<typeof said, { id: string }>>()
  // @ts-expect-error: the payload that was said
  await iii.trigger<{ item: string }, string>({ function_id: 'orders::create', payload: { items: 1 } })
  // @ts-expect-error: it is required
  await iii.trigger<{ item: string }, string>({ function_id: 'orders::create' })

  const unknownId = await iii.trigger({ function_id: 'orders::create', payload: { anything: 1 } })
  same<Same<typeof unknownId, any>>()
  const dynamic: string = 'state::get'
  await iii.trigger({ function_id: dynamic, payload: 5 })

  const sent = await iii.trigger({ function_id: 'orders::create', payload: 1, action: TriggerAction.Void() })
  same<Same<typeof sent, undefined>>()
  const { messageReceiptId } = await iii.trigger({
    function_id: 'orders::create',
    payload: 1,
    action: TriggerAction.Enqueue({ queue: 'orders' }),
  })
  same<Same<typeof messageReceiptId, string>>()
  const raw = await iii.trigger({ function_id: 'orders::create', raw: true })
  same<Same<typeof raw, RawJson | undefined>>()
  try {
    await iii.trigger({ function_id: 'orders::create' })
  } catch (error) {
    if (error instanceof InvocationError) same<Same<typeof error.code, string>>()
  }
}

// ── functions of one's own ─────────────────────────────────────────────────────────────────────────────────────────

const ref: FunctionRef = iii.registerFunction('orders::create', ({ item }: { item: string }) => ({ id: item }))
ref.unregister()
// @ts-expect-error: no handler
iii.registerFunction('orders::create', 5)

// ── built-in functions and trigger types by their ids ──────────────────────────────────────────────────────────────

export async function builtIns(): Promise<void> {
  const { groups } = await iii.trigger({ function_id: 'state::list_groups' })
  same<Same<typeof groups, string[]>>()
  await iii.trigger({ function_id: 'state::set', payload: { scope: 's', key: 'k', value: { any: 'value' } } })
  // @ts-expect-error: the key is missing
  await iii.trigger({ function_id: 'state::get', payload: { scope: 's' } })
  // @ts-expect-error: the payload is missing
  await iii.trigger({ function_id: 'state::get' })
  // @ts-expect-error: no such member
  await iii.trigger({ function_id: 'state::list', payload: { scope: 's', kee: 'k' } })
  // @ts-expect-error: no such operation
  await iii.trigger({ function_id: 'state::update', payload: { scope: 's', key: 'k', ops: [{ type: 'increase' }] } })
  await iii.trigger({ function_id: 'publish', payload: { topic: 't', data: 1 }, action: { type: 'void' } })
  const { plugins } = await iii.trigger({ function_id: 'engine::plugins::list', payload: { state: 'running' } })
  same<Same<(typeof plugins)[number]['name'], string>>()
  // @ts-expect-error: no such member
  void plugins[0]?.nme
  // A type that is said wins.
  const { count } = await iii.trigger<{ scope: string; key: string }, { count: number }>({
    function_id: 'state::get',
    payload: { scope: 's', key: 'k' },
  })
  same<Same<typeof count, number>>()
}

iii.registerTrigger({ type: 'state', function_id: 'orders::changed' })
iii.registerTrigger({ type: 'cron', function_id: 'orders::sweep', config: { expression: '0 * * * * *' } })
// @ts-expect-error: the expression is missing
iii.registerTrigger({ type: 'cron', function_id: 'orders::sweep' })
// @ts-expect-error: no such choice
iii.registerTrigger({ type: 'cron', function_id: 'f', config: { expression: '@hourly', overlap: 'both' } })
// @ts-expect-error: no such member
iii.registerTrigger({ type: 'subscribe', function_id: 'f', config: { topics: 'x' } })
iii.registerTrigger({ type: 'anything', function_id: 'f', config: { of: ['mine'] } })
iii.registerFunction('orders::changed', (event: TriggerEvent<'state'>) => {
  same<Same<typeof event.key, string>>()
  if (event.event_type === 'state:deleted') return event.old_value as unknown
  // @ts-expect-error: no such event
  return event.event_type === 'state:gone'
})

// ── one's own ids ──────────────────────────────────────────────────────────────────────────────────────────────────

declare module 'iii-host/plugin' {
  interface KnownFunctions {
    'orders::price': { input: { item: string }; output: number }
  }
  interface KnownTriggers {
    'orders:created': { config: { min?: number }; event: { id: string } }
  }
}

export async function own(): Promise<void> {
  const price = await iii.trigger({ function_id: 'orders::price', payload: { item: 'tea' } })
  same<Same<typeof price, number>>()
  // @ts-expect-error: no such item
  await iii.trigger({ function_id: 'orders::price', payload: { itme: 'tea' } })
  // @ts-expect-error: a number
  iii.registerTrigger({ type: 'orders:created', function_id: 'f', config: { min: 'much' } })
  const event: FunctionInput<'orders::price'> = { item: 'tea' }
  const output: FunctionOutput<'orders::price'> = 5
  const config: TriggerConfig<'orders:created'> = { min: 5 }
  void [event, output, config]
}
