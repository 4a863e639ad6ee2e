// What `iii config check` learns of the host: what a start would refuse, without a start.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { greeter, testHost } from './test-host.ts'

test('a configuration that would start has no problems, and nothing is started or made', async () => {
  const host = testHost()
  const marker = join(host.folder, 'started')
  host.write(
    'plugins/hello.ts',
    `import { writeFileSync } from 'node:fs'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'hello', repeatable: true, start({ dataDir }) { writeFileSync(${JSON.stringify(marker)}, dataDir) } })
`,
  )
  const permissions = { fs_read: [], fs_write: [], net: true, child_process: false }
  const caged = { name: 'hello', instanceId: 'hello#1', isolation: 'process', permissions } as const
  expect(await host.check({ name: 'hello' }, caged)).toEqual({ problems: [], seats: new Set() })
  expect([existsSync(marker), existsSync(join(host.folder, 'data'))]).toEqual([false, false])
})

test('everything that a start would refuse is told at once, each with the plugin that it concerns', async () => {
  const host = testHost()
  const takesSize = `config: { type: 'object', properties: { size: { type: 'number' } } },`
  const files: Record<string, string> = {
    builds: 'export default {\n  name: "builds" oops\n}\n',
    imports: `throw new Error('at import')\n`,
    defines: 'export const nothing = 1\n',
    fits: greeter('fits', 'x', takesSize),
    rules: greeter('rules', 'x'),
    needs: greeter('needs', 'x', `requires: ['nowhere'],`),
    depends: greeter('depends', 'x', `requires: ['builds'],`),
    twice: greeter('twice', 'x'),
    fine: greeter('fine', 'x'),
  }
  for (const [name, text] of Object.entries(files)) host.write(`plugins/${name}.ts`, text)
  const entries = Object.keys(files).map((name) => ({
    name,
    ...(name === 'fits' && { config: { size: 'big' } }),
    ...(name === 'rules' && { replicas: 2 }),
  }))
  const again = { name: 'twice', instanceId: 'twice#1', origin: 'iii-config.yaml:9' }
  const { problems } = await host.check(...entries, again)
  const told = Object.fromEntries(problems.map(({ plugin, message }) => [plugin, message]))
  expect(told).toEqual({
    builds: expect.stringMatching(/builds\.ts:2:18: /),
    imports: expect.stringContaining('at import'),
    defines: expect.stringContaining('default export'),
    fits: expect.stringMatching(/config\.size: .*big/),
    rules: expect.stringContaining('overlap: true'),
    needs: expect.stringContaining("'nowhere'"),
    depends: expect.stringMatching(/'builds', which can't start: .*builds\.ts:2:18/),
    'twice#1': expect.stringMatching(/iii-config\.yaml:1 and iii-config\.yaml:9/),
  })
  expect(problems.find(({ plugin }) => plugin === 'builds')).toMatchObject({
    subject: "plugin 'builds'",
    code: 'PLUGIN_BUILD_FAILED',
  })
})

test('a disabled entry is not looked at', async () => {
  const host = testHost()
  host.write('plugins/bad.ts', 'nonsense(')
  expect((await host.check({ name: 'bad', enabled: false })).problems).toEqual([])
})

test('a running host goes on untouched while another configuration is checked', async () => {
  const host = testHost()
  host.write('plugins/hello.ts', greeter('hello', 'hi'))
  await host.start({ name: 'hello' })
  expect((await host.check({ name: 'hello', config: { size: 1 } })).problems).toMatchObject([{ plugin: 'hello' }])
  expect(await host.row('hello')).toMatchObject({ state: 'running', generation: 1 })
  expect(await host.row('hello')).not.toHaveProperty('stale')
})
