// examples/event-driven-cqrs as its reader runs it: commands and projections in processes of their own, one of which is away for a while.
import { expect, it, onTestFinished } from 'vitest'
import { LoadClient } from '../support/load-client.ts'
import { copyOfExample, startExampleEngine } from './example-folder.ts'
import { startProgram, type Program } from './programs.ts'

const POLL = { timeout: 20_000, interval: 20 }

it('decides in order, projects each event once, and a projection that was killed gets what it missed', async () => {
  const cwd = copyOfExample('event-driven-cqrs')
  const { url } = await startExampleEngine(cwd)
  const start = (...args: readonly string[]): Promise<Program> =>
    startProgram(args, { cwd, env: { III_URL: url }, ready: /connected to ws/ })
  const client = await LoadClient.connect(url, 'tester')
  onTestFinished(() => client.close())
  const read = (projection: string, account: string) => client.result(`query::${projection}`, { account })
  const isThere = (id: string) => async (): Promise<unknown> =>
    (await client.call('engine::functions::info', { function_id: id })).error?.code

  const programs = [start('commands.mjs'), start('projections.mjs', 'balances'), start('projections.mjs', 'totals')]
  const [commands, , totals] = (await Promise.all(programs)) as [Program, Program, Program]
  for (const id of ['query::balances', 'query::totals', 'accounts::deposit', 'accounts::withdraw'])
    await expect.poll(isThere(id), POLL).toBeUndefined()
  const deposit = (account: string, amount: number) => client.result('accounts::deposit', { account, amount })
  const withdraw = (account: string, amount: number) => client.result('accounts::withdraw', { account, amount })
  await deposit('ada', 100)
  await withdraw('ada', 30)
  // Refused for it comes after the one before it.
  await withdraw('ada', 71)
  await deposit('bob', 5)
  await expect.poll(() => read('balances', 'ada'), POLL).toMatchObject({ balance: 70, last: 'refused', version: 3 })
  await expect.poll(() => read('totals', 'ada'), POLL).toMatchObject({ deposited: 100, withdrawn: 30, refused: 1 })
  await expect.poll(() => read('balances', 'bob'), POLL).toMatchObject({ balance: 5, version: 1 })

  await totals.kill()
  for (let n = 0; n < 20; n++) await Promise.all([deposit('ada', 10), deposit('bob', 1)])
  // The side that decides dies with commands under way; they are decided when there is one again.
  await commands.kill()
  await start('commands.mjs')
  await expect.poll(() => read('balances', 'ada'), POLL).toMatchObject({ balance: 270, version: 23 })
  await expect.poll(() => read('balances', 'bob'), POLL).toMatchObject({ balance: 25, version: 21 })
  await start('projections.mjs', 'totals')
  await expect
    .poll(() => client.call('query::totals', { account: 'ada' }), POLL)
    .toMatchObject({
      result: { deposited: 300, withdrawn: 30, refused: 1, version: 23 },
    })
  await expect.poll(() => read('totals', 'bob'), POLL).toMatchObject({ deposited: 25, withdrawn: 0, version: 21 })
  expect(await client.result('engine::queue::dlq_topics')).toEqual([])
  expect(await client.failure('accounts::deposit', { account: 'ada', amount: 0 })).toMatchObject({
    message: expect.stringContaining('amount must be a whole number of at least 1, not 0'),
  })
}, 40_000)
