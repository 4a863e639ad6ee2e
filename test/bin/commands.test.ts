import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { commandTable, NOT_PROVIDED } from '../../bin/command-table.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { unknownOption } from '../../bin/known-options.ts'
import { runCli } from './run-cli.ts'

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
    const { code, stderr } = await runCli([name, 'anything'])
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
  it('a missing argument or sub-command exits 2', async () => {
    expect((await runCli(['plugins', 'info'])).code).toBe(2)
    expect((await runCli(['functions'])).code).toBe(2)
  })
  it('takes -c FILE before the command', async () => {
    const { code, stderr } = await runCli(['-c', 'none.yaml', 'plugins', 'enable', 'hello'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('none.yaml') })
  })
  it('an unknown option of start exits 2 and names it', async () => {
    expect(await runCli(['--confg', 'x'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--confg') })
  })
})

describe('unknownOption', () => {
  const definitions = {
    config: { type: 'string', alias: 'c' },
    watch: { type: 'boolean', default: true },
    name: { type: 'positional' },
  } as const
  it.each([
    [['x', '--config', '--odd', '-c', 'y', '--no-watch', '-h'], undefined],
    [['--config=--odd', '-', '-5'], undefined],
    [['--', '--odd'], undefined],
    [['--odd=1'], '--odd'],
    [['-z'], '-z'],
    [['--name'], '--name'],
  ])('%j → %s', (args, expected) => {
    expect(unknownOption(args, definitions)).toBe(expected)
  })
})
