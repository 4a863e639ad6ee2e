// Mistakes in an rbac block, as `iii config check` tells them: each at its line, with what was probably meant.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runHere } from '../../bin/run-here.ts'
import { EngineFolder } from '../../core/engine/running-engine.ts'

async function check(listener: string): Promise<{ code: number | null; text: string }> {
  const folder = new EngineFolder()
  folder.write('iii-config.yaml', `workers:\n  - name: iii-worker-manager\n    config:\n${listener}`)
  const { code, stdout, stderr } = await runHere(['config', 'check', '--config', join(folder.dir, 'iii-config.yaml')])
  return { code, text: `${stdout}${stderr}`.replaceAll(/\S*\/iii-config\.yaml/g, 'iii-config.yaml') }
}

const EXPOSE = `      port: 0
      rbac:
        auth_function_id: gate::auth
        expose_functions:
          - match("todos::*")
`

test.each([
  [
    'a pattern without match',
    'mtch("a::*")',
    '9:',
    'expected match("pattern"), got: mtch("a::*"). Did you mean match("a::*")?',
  ],
  ['quotes that are missing', 'match(a::*)', '9:', 'got: match(a::*). Did you mean match("a::*")?'],
  ['a quote that is not closed', "'match(\"a::*)'", '9:', 'Did you mean match("a::*")?'],
  ['an empty pattern', 'match("")', '9:', 'empty pattern in match("")'],
  [
    'an unknown key of a map',
    '{ match: "a", name: b }',
    '9:',
    "unknown key 'name'. Known keys: match, metadata, namespace.",
  ],
  [
    'a map of both kinds',
    '{ match: "a", metadata: { b: 1 } }',
    '9:',
    "a filter has either 'match' or 'metadata', not both; write two filters",
  ],
  ['metadata of nothing', '{ metadata: {} }', '9:', "'metadata' must be a map with at least one key, got {}"],
  ['a number', '7', '9:', 'expected match("pattern") or a map'],
])('%s is an error', async (_what, filter, line, message) => {
  const { code, text } = await check(`${EXPOSE}          - ${filter}\n`)
  expect(code).toBe(1)
  expect(text).toContain(`iii-config.yaml:${line} worker 'iii-worker-manager': config.rbac.expose_functions[1]: `)
  expect(text).toContain(message)
})

test.each([
  [
    'an unknown member',
    '        auth_function: gate::auth\n',
    '9:',
    "config.rbac.auth_function: unknown key 'auth_function'. Did you mean 'auth_function_id'?",
  ],
  [
    'a hook whose name breaks off',
    '        on_function_registration: gate::f\n',
    '9:',
    "config.rbac.on_function_registration: unknown key 'on_function_registration'. Did you mean 'on_function_registration_function_id'?",
  ],
  [
    'a member of an auth result',
    '        allowed_functions: [a::b]\n',
    '9:',
    "config.rbac.allowed_functions: unknown key 'allowed_functions'",
  ],
  [
    'an id that is none',
    '        on_trigger_registration_function_id: 5\n',
    '9:',
    'config.rbac.on_trigger_registration_function_id: must be string, got 5',
  ],
])('%s is an error', async (_what, member, line, message) => {
  const { code, text } = await check(`${EXPOSE}${member}`)
  expect(code).toBe(1)
  expect(text).toContain(`iii-config.yaml:${line} worker 'iii-worker-manager': ${message}`)
})

test.each([
  [
    'middleware inside rbac',
    '        middleware_function_id: gate::m\n',
    '9:',
    'config.rbac.middleware_function_id: belongs beside rbac, not inside it',
  ],
  [
    'a bare pattern',
    '          - todos::*\n',
    '9:',
    'config.rbac.expose_functions[1]: \'todos::*\' is read as match("todos::*"); write it so',
  ],
  [
    'match in a map',
    `          - { match: 'match("a::*")' }\n`,
    '9:',
    "config.rbac.expose_functions[1]: 'match' in a map takes the bare pattern",
  ],
  [
    'metadata that is almost a pattern',
    '          - { metadata: { tier: match(fr*) } }\n',
    '9:',
    'Did you mean match("fr*")?',
  ],
])('%s is a warning', async (_what, more, line, message) => {
  const { code, text } = await check(`${EXPOSE}${more}`)
  expect(code).toBe(0)
  expect(text).toContain(`iii-config.yaml:${line} ${message.startsWith('config') ? message : ''}`)
  expect(text).toContain(message)
})

test('a listener that is open to the network without an auth function is a warning', async () => {
  const { code, text } = await check('      port: 3111\n      host: 0.0.0.0\n      rbac: { expose_functions: [] }\n')
  expect(code).toBe(0)
  expect(text).toContain('port 3111 on 0.0.0.0 is open to the network without rbac.auth_function_id')
})

test('what is fine says nothing', async () => {
  const { code, text } = await check(EXPOSE)
  expect(code).toBe(0)
  expect(text).toBe('iii-config.yaml: no errors, 1 listener, 5 plugins\n')
})
