// `iii sessions` against an engine that runs.
import { expect, test } from 'vitest'
import { runHere } from '../../bin/run-here.ts'
import { rbacScene, type RbacScene } from './scene.ts'

const commandsOf =
  ({ core }: RbacScene) =>
  (...args: string[]) =>
    runHere(['sessions', ...args, '--address', core.url(0)])
const cells = (stdout: string): string[][] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))

test('list shows who is there, and revoke sends one away', async () => {
  const scene = await rbacScene({ expose_functions: ['match("todos::*")'] }, ({ query_params: { user } }) => ({
    context: { user: user?.[0], token: 'secret' },
    expires_in_ms: 3_600_000,
  }))
  const sessions = commandsOf(scene)
  expect(await sessions('list')).toMatchObject({ code: 0, stdout: 'There is no session.\n' })
  await scene.trusted.provided('todos::list', () => [])
  const anna = await scene.session({ path: '/?user=anna', name: 'page' })
  await scene.session({ path: '/?user=ben' })
  await anna.call('todos::list', {})
  await anna.call('secret::f', {})

  const [titles, ...rows] = cells((await sessions('list')).stdout)
  expect(titles).toEqual(['NAME', 'LISTENER', 'ADDRESS', 'SINCE', 'UNTIL', 'CALLS', 'DENIED', 'CONTEXT', 'ID'])
  expect(rows).toHaveLength(2)
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)
  const context = expect.stringMatching(/^\{"user":"anna","token":"(?!secret)/)
  const listener = 'iii-worker-manager#1'
  // That it announced itself was a call too.
  expect(rows[0]).toEqual(['page', listener, '127.0.0.1', time, time, '3', '1', context, anna.workerId])
  expect((await sessions('list', '--limit', '1')).stdout).toMatch(/page .*\n1 more; --limit shows them\.\n$/)
  expect((await sessions('list', '--listener', 'other')).stdout).toBe('There is no session of other.\n')
  expect(JSON.parse((await sessions('list', '--json', '--limit=1')).stdout)).toMatchObject({
    sessions: [{ worker_id: anna.workerId, exposed: [{ match: 'todos::*' }] }],
    total: 2,
  })

  const { stdout } = await sessions('revoke', anna.workerId)
  expect(stdout).toBe(`${anna.workerId}: revoked\n`)
  expect((await anna.closed).code).toBe(1008)
  expect(cells((await sessions('list')).stdout)).toHaveLength(2)
})

test.each([
  [['revoke', 'nobody'], /There is no session of worker 'nobody'/],
  [['list', '--limit', 'few'], /--limit "few" is no whole number from 1 to 10000\n.*--limit 500/],
  [['list', '--limit', '10001'], /--limit "10001" is no whole number/],
])('%j says what is wrong', async (args, message) => {
  const { code, stderr } = await commandsOf(await rbacScene())(...args)
  expect(code).toBe(1)
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/\n +at /)
})
