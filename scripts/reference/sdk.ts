// docs/reference/sdk.md: everything that the SDK exports, with what its doc comments say.
import { fileURLToPath } from 'node:url'
import { declarationOf, exportsOf, type Declaration, type Member } from './declarations.ts'
import { code, table } from './markdown.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NODE = exportsOf(ROOT, 'sdk/node.ts')
const PAGE = exportsOf(ROOT, 'sdk/browser.ts')
const ENTRIES = new Map([...PAGE, ...NODE, ...exportsOf(ROOT, 'sdk/stream.ts'), ...exportsOf(ROOT, 'sdk/state.ts')])

interface Section {
  readonly heading: string
  readonly text: string
  /** Declarations that are no export of their own, by their file: what `iii` is made of. */
  readonly parts?: readonly (readonly [name: string, file: string])[]
  readonly names: readonly string[]
}

const SECTIONS: readonly Section[] = [
  {
    heading: 'Connecting',
    text: 'The same options in Node and in pages, but for those that are named below each.',
    names: [
      'registerWorker',
      'ClientOptions',
      'InitOptions',
      'ReconnectionConfig',
      'WorkerTelemetry',
      'DEFAULT_ENGINE_URL',
    ],
  },
  {
    heading: 'The worker',
    text: 'What `registerWorker` returns, called `iii` in all examples. The handle of a plugin has the same members up to `openChannel` and the listings.',
    parts: [
      ['BaseHandle', 'sdk/base-handle.ts'],
      ['Client', 'sdk/client/client.ts'],
    ],
    names: [
      'ConnectionState',
      'ListOptions',
      'FunctionInfo',
      'WorkerInfo',
      'TriggerInfo',
      'TriggerTypeInfo',
      'RegisterServiceInput',
    ],
  },
  {
    heading: 'Functions and calls',
    text: '',
    names: [
      'RemoteFunctionHandler',
      'RegisterFunctionOptions',
      'HttpInvocationConfig',
      'FunctionRef',
      'TriggerRequest',
      'TriggerAction',
      'TriggerActionType',
      'EnqueueResult',
      'RawJson',
    ],
  },
  {
    heading: 'Triggers and trigger types',
    text: '',
    names: [
      'RegisterTriggerInput',
      'Trigger',
      'RegisterTriggerTypeInput',
      'TriggerTypeHandler',
      'TriggerBinding',
      'TriggerTypeRef',
    ],
  },
  {
    heading: 'Errors',
    text: 'Codes that this side gives: `TIMEOUT`, `not_connected` (the call was not sent) and `connection_lost` (the connection broke before the answer came: the call may have been carried out). All others are those of the [engine](errors.md) and of your functions.',
    names: [
      'InvocationError',
      'InvocationErrorInit',
      'RegistrationRejectedError',
      'RegistrationRejectedInit',
      'isErrorBody',
      'ErrorBody',
    ],
  },
  {
    heading: 'Channels',
    text: '',
    names: [
      'Channel',
      'ChannelWriter',
      'ChannelReader',
      'ChannelEnd',
      'StreamChannelRef',
      'createChannel',
      'ChannelDirection',
      'ChannelItem',
      'isChannelRef',
      'extractChannelRefs',
    ],
  },
  { heading: 'Logging', text: 'Node only.', names: ['Logger'] },
  {
    heading: 'HTTP',
    text: 'Node only. `HttpRequest` and `HttpResponse` are those of streaming where they come from `iii-host/sdk`, as in SDKs of old, and those of whole requests and answers where they come from `iii-host/sdk/http`.',
    names: [
      'http',
      'StreamRequest',
      'StreamResponse',
      'ApiRequest',
      'ApiResponse',
      'InternalHttpRequest',
      'HttpMethod',
    ],
  },
  {
    heading: 'Sessions',
    text: 'What the functions get and return that decide on sessions of a [public listener](rbac.md).',
    names: [
      'AuthInput',
      'AuthResult',
      'MiddlewareFunctionInput',
      'OnFunctionRegistrationInput',
      'OnFunctionRegistrationResult',
      'OnTriggerRegistrationInput',
      'OnTriggerRegistrationResult',
      'OnTriggerTypeRegistrationInput',
      'OnTriggerTypeRegistrationResult',
    ],
  },
  {
    heading: 'Streams',
    text: 'Types of `iii-host/stream`.',
    names: [
      'IStream',
      'createStream',
      ...[...exportsOf(ROOT, 'sdk/stream.ts').keys()].filter((name) => name !== 'IStream' && name !== 'DeleteResult'),
    ],
  },
  {
    heading: 'State',
    text: 'Types of `iii-host/state`, which has those of changes from `iii-host/stream` too.',
    names: [...exportsOf(ROOT, 'sdk/state.ts').keys()].filter((name) => name.startsWith('State') || name === 'IState'),
  },
  {
    heading: 'Names and types by id',
    text: '',
    names: [
      'EngineFunctions',
      'EngineTriggers',
      'MessageType',
      'KnownFunctions',
      'KnownTriggers',
      'FunctionInput',
      'FunctionOutput',
      'TriggerEvent',
      'CallFunction',
      'CallRequest',
    ],
  },
]

export function sdkReference(): string {
  return [
    '# The SDK',
    '',
    'Workers of your own in Node and in pages. [A first worker](../guides/first-worker.md) and [In the browser](../guides/browser.md) show it at work.',
    'Generated from the doc comments of the code by `npm run docs`.',
    '',
    table(
      ['import', 'what it is', 'also there for code that has the name of another SDK in it'],
      [
        [
          '`iii-host/sdk`',
          'workers in Node',
          '`iii-host/sdk/…` for each sub-path of `iii-sdk` and of `@iii-dev/helpers`',
        ],
        [
          '`iii-host/browser`',
          'workers in pages: one file, no dependency',
          '`iii-host/browser/stream`, `/state`, `/helpers`',
        ],
        ['`iii-host/stream`', 'types of streams', '`iii-host/sdk/stream`'],
        ['`iii-host/state`', 'types of state', '`iii-host/sdk/state`'],
      ],
    ),
    '',
    ...SECTIONS.flatMap(sectionText),
    '## Other names',
    '',
    'The same things under the names that they have elsewhere.',
    '',
    table(
      ['name', 'is'],
      otherNames().map(([name, is]) => [code(name), code(is)]),
    ),
    '',
  ].join('\n')
}

/** Exports that no section of the page has. */
export function missingOnPage(): string[] {
  const shown = new Set([...SECTIONS.flatMap(({ names }) => names), ...otherNames().map(([name]) => name), 'IIIClient'])
  return [...ENTRIES.keys()].filter((name) => !shown.has(name))
}

function otherNames(): [name: string, is: string][] {
  const shown = new Set(SECTIONS.flatMap(({ names }) => names))
  const aliases = [...ENTRIES].flatMap(([name, { name: declared, file }]): [string, string][] => {
    if (shown.has(name)) return []
    const other = [...ENTRIES].find(([its, each]) => shown.has(its) && each.name === declared && each.file === file)
    return other === undefined ? [] : [[name, other[0]]]
  })
  return [...aliases, ['ISdk', 'IIIClient'], ['DeleteResult', 'StreamDeleteResult']]
}

function sectionText({ heading, text, parts = [], names }: Section): string[] {
  const members = parts.flatMap(([name, file]) => declarationOf(ROOT, { name, file })?.members ?? [])
  return [
    `## ${heading}`,
    '',
    ...(text === '' ? [] : [text, '']),
    ...(members.length === 0 ? [] : [memberTable(members), '']),
    ...names.flatMap(nameText),
  ]
}

/** Twice where Node and pages have different things under one name. */
function nameText(name: string): string[] {
  const [inNode, inPage] = [NODE.get(name), PAGE.get(name)]
  if (inNode !== undefined && inPage !== undefined && inNode.file !== inPage.file) {
    return [...declarationText(name, inNode, 'in Node'), ...declarationText(name, inPage, 'in pages')]
  }
  const found = ENTRIES.get(name)
  if (found === undefined) throw new Error(`nothing is exported as ${name}`)
  return declarationText(name, found)
}

function declarationText(name: string, found: { name: string; file: string }, where?: string): string[] {
  const declaration = declarationOf(ROOT, found)
  if (declaration === undefined) throw new Error(`${found.file} does not declare ${found.name}`)
  const members = [...declaration.members, ...inherited(found)]
  return [
    `### ${code(name)}${where === undefined ? '' : ` ${where}`}`,
    '',
    ...(declaration.text === '' ? [] : [declaration.text, '']),
    ...formText(declaration, name),
    ...(members.length === 0 ? [] : [memberTable(members), '']),
  ]
}

/** Of classes whose parent is no export: what users have of it. */
function inherited({ name, file }: { name: string; file: string }): readonly Member[] {
  const parents: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
    'sdk/node/channels.ts#ChannelReader': [
      ['ChannelReader', 'sdk/channel-reader.ts'],
      ['ReadingEnd', 'sdk/reading-end.ts'],
    ],
    'sdk/node/channels.ts#ChannelWriter': [
      ['ChannelWriter', 'sdk/channel-writer.ts'],
      ['WritingEnd', 'sdk/writing-end.ts'],
    ],
    'sdk/browser/channels.ts#ChannelReader': [['ReadingEnd', 'sdk/reading-end.ts']],
    'sdk/browser/channels.ts#ChannelWriter': [['WritingEnd', 'sdk/writing-end.ts']],
    'sdk/node.ts#Channel': [['ChannelOf', 'sdk/handle-types.ts']],
    'sdk/browser.ts#Channel': [['ChannelOf', 'sdk/handle-types.ts']],
  }
  return (parents[`${file}#${name}`] ?? []).flatMap(
    ([parent, its]) => declarationOf(ROOT, { name: parent, file: its })?.members ?? [],
  )
}

function formText({ kind, form, members }: Declaration, name: string): string[] {
  if (kind === 'function') return [code(form.replace(/^function /, '')), '']
  if (kind !== 'type' || members.length > 0) return []
  const is = form
    .replace(/^type \w+(?:<.*?>)? = \|? ?/, '')
    .replace(/\breadonly /g, '')
    .replace(/< /g, '<')
    .replace(/ >/g, '>')
  return is.length > 400 || is.includes(`typeof ${name}`) ? [] : [code(is), '']
}

function memberTable(members: readonly Member[]): string {
  const rows = members
    .filter(({ text }, at) => text !== '' || members.findIndex((each) => each.name === members[at]!.name) === at)
    .map(({ form, text }) => [code(form), text])
  return table(['member', 'meaning'], rows)
}
