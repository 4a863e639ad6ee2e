// Whoever owes a plugin an answer passes its gate until it has stopped: none of these calls fails.
import { expect, test } from 'vitest'
import { testHost } from './test-host.ts'

/** Keeps a figure in what it closes when it stops. */
const keeper = (
  version: number,
  isolation: string,
  stop: string,
): string => `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'keeper', isolation: '${isolation}', start({ iii }) {
  let open = true
  iii.registerFunction('keeper::version', () => {
    if (!open) throw new Error('it is closed')
    return ${version}
  })
  iii.registerFunction('keeper::tell', () => void iii.trigger({ function_id: 'teller::told', payload: {} }).catch(() => {}))
  const turn = () => new Promise((resolve) => setTimeout(resolve, 5))
  return { async stop() { ${stop} } }
} })
`

/** Once told something, it calls back without end, many at a time, and answers when it is to stop. */
const teller = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'teller', start({ iii }) {
  const failures = []
  const versions = new Set()
  let over = false
  const callBack = async () => {
    while (!over) {
      await iii.trigger({ function_id: 'keeper::version', payload: {} }).then(
        (version) => versions.add(version),
        (error) => failures.push(error.message),
      )
    }
  }
  let told
  iii.registerFunction('teller::told', () => (told ??= Promise.all(Array.from({ length: 8 }, callBack)).then(() => null)))
  iii.registerFunction('teller::seen', () => ({ versions: [...versions], failures }))
  iii.registerFunction('teller::end', async () => {
    over = true
    await told
    return { versions: [...versions], failures }
  })
} })
`

const CLOSES_WHEN_IT_HAS_SAID_SO = 'iii.passCallsOn(); open = false; await turn()'
const CLOSES_NOTHING = 'await turn()'

test.each([
  ['a thread', 'thread', CLOSES_WHEN_IT_HAS_SAID_SO],
  ['a process', 'process', CLOSES_WHEN_IT_HAS_SAID_SO],
  ['a thread, and leaves it to the host', 'thread', CLOSES_NOTHING],
  ['a process, and leaves it to the host', 'process', CLOSES_NOTHING],
])('a plugin in %s that is replaced while one that owes it an answer calls it', async (_what, isolation, stop) => {
  const host = testHost()
  host.write('plugins/keeper.ts', keeper(1, isolation, stop))
  host.write('plugins/teller.ts', teller)
  await host.start({ name: 'keeper' }, { name: 'teller' })
  await host.call('keeper::tell')
  const RELOADS = 5
  const seen = async (): Promise<number[]> => ((await host.call('teller::seen')) as { versions: number[] }).versions
  for (let version = 1; version <= RELOADS; version++) {
    await expect.poll(seen).toContain(version)
    host.write('plugins/keeper.ts', keeper(version + 1, isolation, stop))
    await host.host.reload('keeper')
    await host.call('keeper::tell')
  }
  await expect.poll(seen).toContain(RELOADS + 1)
  const { versions, failures } = (await host.call('teller::end')) as { versions: number[]; failures: string[] }
  expect(failures).toEqual([])
  expect(versions).toEqual(Array.from({ length: RELOADS + 1 }, (_, n) => n + 1))
})

test('a stop() that never ends holds nobody up for longer than it may take', async () => {
  const host = testHost({ engine: { stop_ms: 50 } })
  host.write('plugins/keeper.ts', keeper(1, 'thread', 'iii.passCallsOn(); await new Promise(() => {})'))
  host.write('plugins/teller.ts', teller)
  await host.start({ name: 'keeper' }, { name: 'teller' })
  await host.call('keeper::tell')
  host.write('plugins/keeper.ts', keeper(2, 'thread', ''))
  await host.host.reload('keeper')
  expect(await host.call('keeper::version')).toBe(2)
  expect(await host.call('teller::end')).toMatchObject({ failures: [] })
})
