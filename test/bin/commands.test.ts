import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { commandTable, NOT_PROVIDED } from '../../bin/command-table.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { FakeEngine } from './fake-engine.ts'
import { runCli } from './run-cli.ts'
import { runHere, withVariable } from './run-here.ts'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

describe('the command line', () => {
  it.each(['-v', '--version'])('%s prints the bare version', async (flag) => {
    expect(await runCli([flag])).toEqual({ code: 0, signal: null, stdout: `${manifest.version}\n`, stderr: '' })
  })
  it('--help names every command', async () => {
    const { code, stdout } = await runCli(['--help'])
    expect(code).toBe(0)
    for (const name of commandTable(BUILT_INS).keys()) expect(stdout).toContain(`  ${name}`)
  })
  it('help of a sub-command has no colours where there is no terminal', async () => {
    const { code, stdout } = await runCli(['plugins', 'reload', '--help'], { env: { CI: '', TEST: '', NO_COLOR: '' } })
    expect(code).toBe(0)
    expect(stdout).toContain('iii plugins reload')
    expect(stdout).not.toContain('\u001b')
  })
  it.each(Object.keys(NOT_PROVIDED))('%s, which only iii has, exits 1 with a sentence', async (name) => {
    const { code, stderr } = await runCli([...name.split(' ').slice(1), 'anything'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('not supported by this engine') })
  })
  it('an unknown command exits 2 and names the nearest one', async () => {
    expect(await runCli(['triger'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Did you mean 'trigger'?"),
    })
    expect(await runCli(['plugins', 'relaod'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Did you mean 'reload'?"),
    })
  })
  it.each([
    [['help', 'trigger'], 'trigger'],
    [['--help', 'trigger'], 'trigger'],
    [['-h', 't'], 'trigger'],
    [['help', 'plugins', 'reload'], 'plugins reload'],
    [['plugin', 'reload', '-h'], 'plugins reload'],
    [['help', 'config'], 'config'],
  ])('%j shows the help of that command, with examples', async (argv, path) => {
    const { code, stdout, stderr } = await runHere(argv)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^USAGE .* ${path} `, 'm'))
    expect(stdout).toMatch(/^EXAMPLES$/m)
  })
  it.each(['functions', 'workers', 'triggers', 'plugins', 'function', 'plugin'])('iii %s alone lists', async (name) => {
    await using engine = await FakeEngine.start()
    const id = name.startsWith('t') ? 'registered-triggers' : name.replace(/s?$/, 's')
    const rows = name.startsWith('t') ? 'registered_triggers' : id
    engine.answers.set(`engine::${id}::list`, { result: { [rows]: [] } })
    expect(await runHere([name, '--json', ...engine.at])).toEqual({
      code: 0,
      stdout: `${JSON.stringify({ [rows]: [] }, null, 2)}\n`,
      stderr: '',
    })
  })
  it('a word behind list is what is looked for', async () => {
    await using engine = await FakeEngine.start()
    engine.answers.set('engine::functions::list', { result: { functions: [] } })
    await runHere(['functions', 'list', 'state::', '--address', `127.0.0.1:${engine.port}`])
    expect(engine.frames[0]?.['data']).toEqual({ search: 'state::' })
  })
  it.each([
    ['a host and a port', (port: string) => [`--address=127.0.0.1:${port}`]],
    ['a host, and the port by itself', (port: string) => ['--address', 'localhost', '--port', port]],
    ['a URL', (port: string) => ['--address', `ws://127.0.0.1:${port}`]],
    ['a URL in capitals', (port: string) => ['--address', `WS://127.0.0.1:${port}`]],
  ])('an address may be %s', async (_what, options) => {
    await using engine = await FakeEngine.start()
    engine.answers.set('engine::functions::list', { result: { functions: [] } })
    expect((await runHere(['functions', '--json', ...options(engine.port)])).code).toBe(0)
  })
  it.each(['127.0.0.1:PORT', 'ws://127.0.0.1:PORT'])('III_URL may be %s', async (form) => {
    await using engine = await FakeEngine.start()
    engine.answers.set('engine::functions::list', { result: { functions: [] } })
    withVariable('III_URL', form.replace('PORT', engine.port))
    expect((await runHere(['functions', '--json'])).code).toBe(0)
  })
  it('takes -c FILE before the command', async () => {
    const { code, stderr } = await runCli(['-c', 'none.yaml', 'plugins', 'enable', 'hello'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('none.yaml') })
  })
  it('an unknown option of start exits 2 and names it', async () => {
    expect(await runCli(['--confg', 'x'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--confg') })
  })
})
