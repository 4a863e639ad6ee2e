import { expect, test } from 'vitest'
import { runCli } from '../bin/run-cli.ts'

test.each([
  [['--scenario', 'rcp'], "unknown scenario 'rcp'"],
  [['--payload', '10'], '--payload takes whole numbers from 64'],
  [['--in-flight', '0'], '--in-flight takes whole numbers from 1'],
  [['--rounds', 'many'], '--rounds takes whole numbers'],
  [['--duration', '-1'], '--duration takes seconds'],
  [['--target', 'http://127.0.0.1:1'], '--target is'],
  [['rpc'], "unexpected argument 'rpc'"],
])('iii bench %j is refused with exit code 2', async (args, message) => {
  const { code, stderr } = await runCli(['bench', ...args])
  expect(stderr).toContain(message)
  expect(code).toBe(2)
})

const QUICK = ['--target', 'naive', '--scenario', 'control', '--duration', '0.05', '--rounds', '1', '--in-flight', '4']

test('iii bench --json prints nothing but the report', async () => {
  const { code, stdout } = await runCli(['bench', ...QUICK, '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ version: 1, target: 'naive', scenarios: [{ scenario: 'control' }] })
  expect(code).toBe(0)
})

test('iii bench prints a table without colours where there is no terminal', async () => {
  const { code, stdout } = await runCli(['bench', ...QUICK])
  expect(stdout).toContain('cycles/s')
  expect(stdout).not.toContain('\u001B')
  expect(code).toBe(0)
})

test('iii bench --check ends with exit code 1 when a target is missed', async () => {
  const { code, stdout } = await runCli([
    'bench',
    '--target',
    'ws://127.0.0.1:1',
    '--scenario',
    'rpc',
    '--rounds',
    '1',
    '--check',
  ])
  expect(stdout).toMatch(/not measured: .*ECONNREFUSED/)
  expect(stdout).toMatch(/MISS +rpc, 150 B, 64 in flight, rate \/ naive/)
  expect(code).toBe(1)
})
