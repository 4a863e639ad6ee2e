// Completion: what is offered where, and in the shells themselves.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandTable } from '../../bin/command-table.ts'
import { SHELLS, shellScript } from '../../bin/completion/shell-scripts.ts'
import { resolved } from '../../bin/help.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { lacks } from '../support/needs.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { FakeEngine } from './fake-engine.ts'
import { PATH, runCli } from './run-cli.ts'
import { runHere, withVariable } from './run-here.ts'

let engine: FakeEngine
beforeAll(async () => {
  engine = await FakeEngine.start()
  engine.answers.set('engine::functions::list', {
    result: {
      functions: [
        { function_id: 'state::get', description: 'Reads a value' },
        { function_id: 'state::set', description: 'Writes\na value' },
        { function_id: 'orders::create' },
        { function_id: 'evil $(touch x)' },
      ],
    },
  })
  engine.answers.set('engine::plugins::list', { result: { plugins: [{ name: 'iii-state' }] } })
  engine.answers.set('engine::functions::info', {
    result: {
      request_schema: {
        properties: { scope: { type: 'string' }, mode: { enum: ['all', 'any'] }, deep: { type: 'boolean' } },
      },
    },
  })
})
afterAll(() => engine[Symbol.asyncDispose]())

const environment = () => ({ PATH, III_URL: `ws://127.0.0.1:${engine.port}`, HOME: tempFolder() })
async function offered(...words: string[]): Promise<{ words: string[]; directive: string | undefined }> {
  withVariable('III_URL', environment().III_URL)
  const { code, stdout, stderr } = await runHere(['completion', 'ask', '--', ...words])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  return { words: lines.slice(0, -1).map((line) => line.split('\t')[0]!), directive: lines.at(-1) }
}

describe('iii completion ask', () => {
  it.each<[string[], string[]]>([
    [['trig'], ['trigger', 'triggers']],
    [['plugins', 're'], ['reload']],
    [['plugin', 'sta'], ['start']],
    [['help', 'plugins', 're'], ['reload']],
    [['logs', '--le'], ['--level']],
    [['logs', '--level', 'w'], ['warn']],
    [['logs', '--level=e'], ['--level=error']],
    [['start', '--no'], ['--no-watch']],
    [
      ['trigger', 'state::'],
      ['state::get', 'state::set'],
    ],
    [['t', '--timeout-ms', '5', 'or'], ['orders::create']],
    [
      ['trigger', '--function-id=st'],
      ['--function-id=state::get', '--function-id=state::set'],
    ],
    [
      ['trigger', 'state::get', 'm'],
      ['mode=all', 'mode=any'],
    ],
    [['plugins', 'reload', ''], ['iii-state']],
    [
      ['project', 'init', '--template', ''],
      ['bare', 'quickstart'],
    ],
    [['nope', ''], []],
    [['plugins', 'nope', 'x', ''], []],
  ])('%j → %j', async (words, expected) => {
    expect(await offered(...words)).toEqual({ words: expected, directive: ':done' })
  })
  it('goes on behind the name of a member', async () => {
    expect(await offered('trigger', 'state::get', 's')).toEqual({ words: ['scope='], directive: ':continue' })
  })
  it('leaves files and folders to the shell', async () => {
    expect(await offered('start', '--config', '')).toEqual({ words: [], directive: ':files' })
    expect(await offered('project', 'init', '-d', '')).toEqual({ words: [], directive: ':folders' })
    for (const words of [
      ['worker', 'add'],
      ['worker', 'validate'],
      ['registry', 'publish'],
      ['registry', 'serve'],
    ])
      expect(await offered(...words, './')).toEqual({ words: [], directive: ':folders' })
  })
  it('offers no name that a shell would take for something else', async () => {
    expect((await offered('trigger', '')).words).toEqual(['state::get', 'state::set', 'orders::create'])
  })
  it('names every command, and no option that stands there already', async () => {
    expect((await offered('')).words).toEqual([...commandTable(BUILT_INS).keys(), 'help'])
    expect((await offered('trigger', '--void', '--v')).words).toEqual([])
  })
  it('offers nothing when no engine answers at once', async () => {
    engine.answers.set('engine::workers::list', 'silence')
    expect(await offered('logs', '--worker', '')).toEqual({ words: [], directive: ':done' })
    const { stdout } = await runCli(['completion', 'ask', '--', 'trigger', ''], {
      env: { ...environment(), III_URL: 'ws://127.0.0.1:1' },
    })
    expect(stdout).toBe(':done\n')
  })
  it('asks the engine of the project where nothing else says which', async () => {
    const cwd = tempFolder()
    const listener = `workers: [{ name: iii-worker-manager, config: { port: ${engine.port} } }]\n`
    writeFileSync(path.join(cwd, 'iii-config.yaml'), listener)
    const env = { ...environment(), III_URL: '', III_CONFIG_PATH: '' }
    // An engine that does not answer at once is left alone, and on a busy machine any may be late.
    const asked = async (): Promise<string> =>
      (await runCli(['completion', 'ask', '--', 'plugins', 'info', ''], { cwd, env })).stdout
    await expect.poll(asked, { timeout: 20_000 }).toBe('iii-state\n:done\n')
  })
})

describe('iii completion', () => {
  it.each(SHELLS)('prints the script of %s', async (shell) => {
    expect(await runCli(['completion', shell])).toMatchObject({ code: 0, stdout: shellScript(shell) })
  })
  it('knows no other shell', async () => {
    expect(await runCli(['completion', 'fihs'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("bash, zsh, fish, not 'fihs'. Did you mean 'fish'?"),
    })
  })
})

it('every source of words is about an argument that there is', async () => {
  for (const [name, entry] of commandTable(BUILT_INS)) {
    for (const [place, sources] of Object.entries(entry.completes ?? {})) {
      expect(place.startsWith(`iii ${name}`)).toBe(true)
      let command = await entry.load()
      for (const word of place.split(' ').slice(2))
        command = await resolved((await resolved(command.subCommands!))[word]!)
      expect(Object.keys(await resolved(command.args ?? {}))).toEqual(expect.arrayContaining(Object.keys(sources)))
    }
  }
})

/** Runs a script in a shell, with `iii` on its PATH and the engine at hand; gives the lines that it prints. */
async function inShell(shell: string, args: readonly string[], script: string): Promise<string[]> {
  const cwd = tempFolder()
  mkdirSync(path.join(cwd, 'folder'))
  writeFileSync(path.join(cwd, 'file.yaml'), '')
  const env = { ...process.env, ...environment() }
  const { stdout, stderr } = await promisify(execFile)(shell, [...args, '-c', script], { cwd, env, timeout: 15_000 })
  expect(stderr).toBe('')
  return stdout.split('\n').filter(Boolean)
}

describe.skipIf(lacks('bash'))('in bash (needs bash)', () => {
  /** What readline would be told, for a line with the cursor at its end. */
  function replies(line: string): Promise<string[]> {
    const script = `source <(iii completion bash)
      COMP_LINE=${JSON.stringify(line)} COMP_POINT=${line.length} COMP_CWORD=1 COMP_WORDS=(iii)
      _iii_complete
      [ \${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`
    return inShell('bash', ['--norc', '--noprofile'], script)
  }
  it.each<[string, string[]]>([
    ['iii plug', ['plugins']],
    ['iii plugins ', ['list', 'info', 'reload', 'stop', 'start', 'new', 'enable']],
    // Readline's word begins behind the last colon or equals sign.
    ['iii trigger state::', ['get', 'set']],
    ['iii trigger state', ['state::get', 'state::set']],
    ['iii logs --level=w', ['warn']],
    ['iii trigger state::get mode=a', ['all', 'any']],
    ['iii start --config=f', ['file.yaml', 'folder']],
    ['iii project init --directory ', ['folder']],
  ])('%s', async (line, expected) => {
    expect((await replies(line)).sort()).toEqual([...expected].sort())
  })
})

describe.skipIf(lacks('zsh'))('in zsh (needs zsh)', () => {
  it.each<[string, string[]]>([
    ['iii plug', ['plugins']],
    ['iii trigger state::', ['state::get', 'state::set']],
    ['iii logs --level=w', ['--level=warn']],
  ])('%s', async (line, expected) => {
    // `compadd` is what completion ends in; it works inside of a widget alone, so that what it is given is printed.
    const words = line.split(' ')
    const script = `autoload -Uz compinit && compinit -D -u
      source <(iii completion zsh)
      compadd() { print -l -- "\${(@P)argv[-1]}" }
      words=(${words.map((word) => JSON.stringify(word)).join(' ')}) CURRENT=${words.length}
      _iii_complete
      [[ $_comps[iii] == _iii_complete ]]`
    expect(await inShell('zsh', ['-f'], script)).toEqual(expected)
  })
})

describe.skipIf(lacks('fish'))('in fish (needs fish)', () => {
  it.each<[string, string[]]>([
    ['iii plug', ['plugins\tList, create, enable, reload, stop and start plugins']],
    ['iii trigger state::', ['state::get\tReads a value', 'state::set\tWrites a value']],
    ['iii logs --level=w', ['--level=warn']],
    ['iii start --config fi', ['file.yaml']],
  ])('%s', async (line, expected) => {
    const script = `iii completion fish | source; complete -C ${JSON.stringify(line)}`
    expect(await inShell('fish', ['--no-config'], script)).toEqual(expected)
  })
})
