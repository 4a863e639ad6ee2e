// `iii trigger`: calls one function of a running engine and prints its result (spec 05 C.1).
import { defineCommand } from 'citty'
import { asTyped } from '../command-name.ts'
import { CONNECTION_ARGS, connectionFrom } from '../connection-options.ts'
import { invokeOnce, RemoteError } from '../engine-client.ts'
import { CommandFailure, EXIT, UsageError } from '../exit-codes.ts'
import { functionHelp } from '../function-help.ts'
import { commandHelp } from '../help.ts'
import { payloadFrom, quotingHint } from '../trigger-payload.ts'

export const trigger = defineCommand({
  meta: { name: 'trigger', description: 'Call a function and print its result' },
  args: {
    function: {
      type: 'positional',
      required: false,
      description: 'Id of the function, then key=value pairs of its payload',
    },
    json: { type: 'string', description: 'Payload as JSON, @FILE or - for standard input', valueHint: 'json' },
    payload: { type: 'string', description: 'The same as --json', valueHint: 'json' },
    'function-id': {
      type: 'string',
      description: 'Id of the function, instead of the first argument',
      valueHint: 'id',
    },
    namespace: { type: 'string', alias: 'n', description: 'Namespace of the function', valueHint: 'name' },
    void: { type: 'boolean', description: 'Send the call and do not wait for a result', default: false },
    queue: {
      type: 'string',
      description: 'Put the call into this queue, to be made later, and print the receipt',
      valueHint: 'name',
    },
    ...CONNECTION_ARGS,
    help: {
      type: 'boolean',
      alias: 'h',
      description: 'This help; with a function id the help of that function',
      default: false,
    },
  },
  async run({ args, cmd }) {
    const words = args._
    const named = args['function-id']
    const functionId = named ?? words[0]
    const { at, timeoutMs } = connectionFrom(args)
    const namespace = args.namespace === undefined ? {} : { namespace: args.namespace }

    if (args.help) {
      const text = functionId === undefined ? undefined : await functionHelp(functionId, at, namespace)
      console.log(asTyped(text ?? (await commandHelp(cmd, 'iii trigger'))))
      return EXIT.ok
    }
    if (functionId === undefined || functionId === '') {
      throw new CommandFailure('Error: no function id given. Try: iii trigger engine::functions::list')
    }
    if (args.json !== undefined && args.payload !== undefined)
      throw new UsageError('--json and --payload are the same option; give one')
    if (args.void && args.queue !== undefined)
      throw new UsageError('--void and --queue exclude each other: one waits for nothing, the other for the receipt')
    const queue = args.queue === undefined ? {} : { queue: args.queue }
    const tokens = named === undefined ? words.slice(1) : words
    const data = payloadFrom({ tokens, json: args.json ?? args.payload })
    const call = { functionId, data, timeoutMs, isVoid: args.void, ...namespace, ...queue }
    const result = await invokeOnce(at, call).catch((error: unknown) => {
      throw withHint(error, tokens)
    })
    if (result !== undefined && result !== null) console.log(JSON.stringify(result, null, 2))
    return EXIT.ok
  },
})

function withHint(error: unknown, tokens: readonly string[]): unknown {
  if (!(error instanceof RemoteError) || error.body.code !== 'deserialization_error') return error
  const hint = quotingHint(tokens, error.body.message)
  return hint === undefined ? error : new CommandFailure(`${error.message}\nHint: ${hint}`, { cause: error })
}
