// What is wrong with a command line is refused before anything is done, with exit code 2 and what was probably meant: for every
// command, every option and every variable.
import type { ArgsDef, CommandDef } from 'citty'
import { describe, expect, it } from 'vitest'
import { checkArguments } from '../../bin/check-arguments.ts'
import { commandName } from '../../bin/command-name.ts'
import { commandTable } from '../../bin/command-table.ts'
import { EXAMPLES, type Examples } from '../../bin/examples.ts'
import { resolved } from '../../bin/help.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { runHere, withVariable } from './run-here.ts'

interface Leaf {
  readonly words: readonly string[]
  readonly definitions: ArgsDef
  readonly takesWords: boolean
}

async function leavesOf(command: CommandDef<any>, words: readonly string[], paths: readonly string[]): Promise<Leaf[]> {
  const subCommands = Object.entries(await resolved(command.subCommands ?? {}))
  if (subCommands.length === 0) {
    const takesWords = paths.includes(['iii', ...words].join(' '))
    return [{ words, definitions: await resolved(command.args ?? {}), takesWords }]
  }
  const leaves = subCommands.map(async ([name, sub]) => leavesOf(await resolved(sub), [...words, name], paths))
  return (await Promise.all(leaves)).flat()
}

const LEAVES = (
  await Promise.all(
    [...commandTable(BUILT_INS)].map(async ([name, entry]) =>
      leavesOf(await entry.load(), [name], entry.takesWords ?? []),
    ),
  )
).flat()

/** What the command wants in any case. */
const wanted = ({ definitions }: Leaf): string[] =>
  Object.values(definitions).flatMap((each) => (each.type === 'positional' && each.required !== false ? ['x'] : []))
const options = (leaf: Leaf, ...types: string[]): string[] =>
  Object.entries(leaf.definitions).flatMap(([name, { type }]) => (types.includes(type ?? '') ? [name] : []))

async function refused(argv: readonly string[], message: string): Promise<void> {
  const { code, stdout, stderr } = await runHere(argv)
  expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(message) })
  expect(stderr).not.toMatch(/^\s+at /m)
}

it.each([
  [['triger'], 'iii'],
  [['plugins', 'relaod'], 'iii plugins'],
  [['state'], 'iii state'],
  [['plugins', 'new'], 'iii plugins new'],
  [['logs', '--since', 'yesterday'], 'iii logs'],
  [['functions', '--nonsense'], 'iii functions list'],
])('%j leads to the help that tells what is right', async (argv, path) => {
  const { code, stderr } = await runHere(argv)
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining(`\nSee '${commandName()}${path.slice(3)} --help'.\n`),
  })
})

describe.each(LEAVES.map((leaf) => [leaf.words.join(' '), leaf] as const))('iii %s', (path, leaf) => {
  const line = [...leaf.words, ...wanted(leaf)]

  it('refuses an option that it does not have, and names the nearest', async () => {
    await refused([...line, '--nonsense'], `unknown option --nonsense of iii ${path}.`)
    for (const name of options(leaf, 'string', 'enum', 'boolean'))
      await refused([...line, `--${name}x`], `Did you mean '--${name}'?`)
  })

  it('refuses an option without its value, and an empty one', async () => {
    for (const name of options(leaf, 'string', 'enum')) {
      await refused([...line, `--${name}=`], `--${name} of iii ${path} needs a value: --${name}=`)
      // May stand alone, and then takes no word behind it.
      if (name === 'inspect') continue
      await refused([...line, `--${name}`, ''], `--${name} of iii ${path} needs a value: --${name}=`)
      await refused([...line, `--${name}`], `--${name} of iii ${path} needs a value: --${name}=`)
      await refused([...line, `--${name}`, '--help-me'], `--${name} of iii ${path} needs a value`)
    }
  })

  it('refuses a switch with a value, and what is given twice', async () => {
    for (const name of options(leaf, 'boolean')) {
      if (name === 'help') continue
      await refused([...line, `--${name}=maybe`], `--${name} takes no value, not 'maybe'`)
      await refused([...line, `--${name}`, `--no-${name}`], `--no-${name} of iii ${path} is given twice`)
    }
    for (const name of options(leaf, 'string'))
      await refused([...line, `--${name}=a`, `--${name}=b`], `--${name} of iii ${path} is given twice`)
  })

  it('refuses a word that is missing, empty or surplus', async () => {
    const positional = options(leaf, 'positional')
    if (wanted(leaf).length > 0) await refused(leaf.words, `missing ${positional[0]?.toUpperCase()} of iii ${path}`)
    if (positional.length > 0)
      await refused([...leaf.words, ''], `${positional[0]?.toUpperCase()} of iii ${path} is empty`)
    const words = [...leaf.words, ...positional.map(() => 'x')]
    if (!leaf.takesWords) await refused([...words, 'more'], `unexpected argument 'more' of iii ${path}`)
  })
})

describe('values', () => {
  it.each([
    [['functions', '--address', 'http://127.0.0.1:49134'], "did you mean 'ws://127.0.0.1:49134'?"],
    [['functions', '--address', 'https://example.com'], "did you mean 'wss://example.com'?"],
    [
      ['functions', '--address', 'ftp://example.com'],
      "--address takes a host, HOST:PORT, or a ws:// URL, not 'ftp://example.com'.",
    ],
    [['functions', '--address', 'ws://'], "not 'ws://'."],
    [['functions', '--address', 'ws://h:1#x'], "not 'ws://h:1#x'."],
    [
      ['functions', '--address', 'h:port'],
      "the port in --address 'h:port' must be a whole number from 1 to 65535, not 'port'",
    ],
    [['functions', '--address', 'h:'], "must be a whole number from 1 to 65535, not ''"],
    [['functions', '--address', 'h/path'], "not 'h/path'"],
    [['functions', '--address', ':1'], "not ':1'"],
    [['functions', '--address', 'a b'], "not 'a b'"],
    [['functions', '--address', '[::1'], "not '[::1'"],
    [['functions', '--address', '1:2:3'], "must be a whole number from 1 to 65535, not '2:3'"],
    [['functions', '--address', 'h:1', '--port', '2'], '--port=2 and --address=h:1'],
    [['functions', '--address', 'ws://h', '--port', '2'], '--port=2 and --address=ws://h'],
    [['functions', '--port', '0x10'], "--port must be a whole number from 1 to 65535, not '0x10'"],
    [['functions', '--port', '70000'], 'from 1 to 65535'],
    [['functions', '--timeout-ms', 'soon'], '--timeout-ms must be a whole number'],
    [['functions', '--timeout-ms', '0'], '--timeout-ms must be a whole number'],
    [['workers', '--status', 'foo'], 'takes one of connected, available, not'],
    [['workers', '--status', 'conected'], "Did you mean 'connected'?"],
    [['plugins', '--state', 'runing'], "Did you mean 'running'?"],
    [['functions', 'list', 'a', '--search', 'b'], "'a' and --search=b are the same option"],
    [['start', '--inspect=http://x'], '--inspect'],
    [['start', '--inspect=host:port'], "not 'port'"],
    [['start', '--config', 'x', '--use-default-config'], 'exclude each other'],
    [['config', 'check', 'other.yaml'], 'name the file with --config=other.yaml'],
    [['-c'], '--config=FILE'],
    [['-v', 'x'], "unexpected argument 'x'"],
    [['functions', 'state::'], 'To look for it: '],
    [['help', 'triger'], "Did you mean 'trigger'?"],
    [['help', 'plugins', 'nwe'], "Did you mean 'new'?"],
    [['hlep'], "Did you mean 'help'?"],
  ])('%j is refused', async (argv, message) => {
    await refused(argv, message)
  })
})

describe('variables of the environment', () => {
  it.each([
    ['III_LOG', 'debgu', ['start', '--use-default-config'], "not 'debgu'. Did you mean 'debug'?"],
    [
      'III_URL',
      'http://127.0.0.1:1',
      ['functions'],
      "III_URL takes a host, HOST:PORT, or a ws:// URL, not 'http://127.0.0.1:1'.",
    ],
    ['III_URL', 'h:port', ['functions'], "the port in III_URL 'h:port'"],
  ])('%s=%s is refused', async (name, value, argv, message) => {
    withVariable(name, value)
    await refused(argv, message)
  })
})

describe('what is right', () => {
  const definitions = {
    config: { type: 'string', alias: 'c' },
    watch: { type: 'boolean', default: true },
    inspect: { type: 'string' },
    name: { type: 'positional', required: false },
  } as const
  const accepted = { path: 'iii x', definitions, takesWords: true, bareValues: { inspect: '9229' } }

  it.each([
    [[], []],
    [['-c', 'y'], ['--config=y']],
    [['-c=y'], ['--config=y']],
    [
      ['--config=--odd', '-', '-5', '-.5'],
      ['--config=--odd', '--', '-', '-5', '-.5'],
    ],
    [['--config', '-5'], ['--config=-5']],
    [['--config', '-'], ['--config=-']],
    [['--config=a=b'], ['--config=a=b']],
    [
      ['x', '--no-watch', 'y=1'],
      ['--no-watch', '--', 'x', 'y=1'],
    ],
    [['--watch=false'], ['--no-watch']],
    [['--watch=true', '--watch'], ['--watch']],
    [
      ['--inspect', 'x'],
      ['--inspect=9229', '--', 'x'],
    ],
    [['--inspect=1'], ['--inspect=1']],
    [
      ['--', '--odd', '-c'],
      ['--', '--odd', '-c'],
    ],
  ])('%j is %j', (rawArgs, expected) => {
    expect(checkArguments(rawArgs, accepted)).toEqual(expected)
  })

  it('every command has an example, and every example is a right command line', async () => {
    const paths = LEAVES.map(({ words }) => `iii ${words.join(' ')}`)
    const added = [...commandTable(BUILT_INS).values()].map(({ examples }) => examples ?? {})
    const all = Object.assign({}, EXAMPLES, ...added) as Examples
    expect(Object.keys(all)).toEqual(expect.arrayContaining(paths))
    for (const [line] of Object.values(all).flat()) {
      const argv = line
        .replace(/^III_\w+=\S+ /, '')
        .replace('iii ', '')
        .split(' ')
      const leaf = LEAVES.find(({ words }) => words.every((word, index) => word === argv[index]))
      // Those of a group are its listing.
      const { words, definitions, takesWords } =
        leaf ?? LEAVES.find((each) => each.words.join(' ') === `${argv[0]} list`)!
      const rawArgs = argv.slice(leaf === undefined ? 1 : words.length)
      expect(() => checkArguments(rawArgs, { ...accepted, definitions, takesWords })).not.toThrow()
    }
  })
})
