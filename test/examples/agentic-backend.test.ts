// examples/agentic-backend as its reader runs it: desk and agents in processes of their own, agents that die in the middle.
import { expect, it, onTestFinished } from 'vitest'
import { LoadClient } from '../support/load-client.ts'
import { copyOfExample, startExampleEngine } from './example-folder.ts'
import { startProgram, type Program } from './programs.ts'

const POLL = { timeout: 20_000, interval: 20 }
const TOPICS = ['queues', 'agents', 'state', 'events', 'plugins', 'streams']
/** Steps that `iii-config.yaml` lets run at a time. */
const CONCURRENCY = 4

it('finishes every research although agents are killed in the middle of their steps, and says which ones failed', async () => {
  const cwd = copyOfExample('agentic-backend')
  const { url } = await startExampleEngine(cwd, { BACKOFF_MS: '10' })
  const start = (args: readonly string[], thinkMs = 0): Promise<Program> =>
    startProgram(args, { cwd, env: { III_URL: url, THINK_MS: String(thinkMs) }, ready: /connected to ws/ })
  const client = await LoadClient.connect(url, 'tester')
  onTestFinished(() => client.close())
  const research = async (): Promise<any[]> => client.result('research::list')
  const statuses = async (): Promise<unknown[]> => (await research()).map(({ status }) => status).sort()
  const queue = (): Promise<any> => client.result('iii::queue::status', { queue: 'agent-tasks' })

  // The critic thinks until it is killed.
  const [desk, critic] = await Promise.all([start(['desk.mjs']), start(['agents.mjs', 'critic'], 3_600_000)])
  await Promise.all([start(['agents.mjs', 'researcher']), start(['agents.mjs', 'writer'])])
  await expect.poll(async () => (await client.call('research::list')).error, POLL).toBeUndefined()
  for (const topic of TOPICS) await client.result('research::ask', { topic })
  // All that can be under way is under way at the critic, and the rest waits.
  await expect.poll(queue, POLL).toMatchObject({ active: CONCURRENCY })
  await expect
    .poll(async () => (await statuses()).filter((status) => status === 'researched').length, POLL)
    .toBeGreaterThanOrEqual(CONCURRENCY)
  expect(await statuses()).not.toContain('done')
  await critic.kill()
  await start(['agents.mjs', 'critic'])

  await expect.poll(statuses, POLL).toEqual(TOPICS.map(() => 'done'))
  for (const { topic, report } of await research()) {
    // Two rounds of the researcher, none of them twice.
    const findings = [1, 2, 3, 4].map((n) => `finding ${n} about ${topic}`)
    expect(report).toBe(`${topic}: ${findings.join('; ')}.`)
  }
  await expect.poll(queue, POLL).toMatchObject({ pending: 0, active: 0, delayed: 0, dlq_count: 0 })
  await expect.poll(() => desk.output().match(/Completed: \w+, with 4 findings/g)?.length, POLL).toBe(TOPICS.length)

  const { task_id } = await client.result('research::ask', { topic: 'something unknowable' })
  await expect
    .poll(() => client.result('research::get', { task_id }), POLL)
    .toMatchObject({ status: 'failed', error: 'there is nothing to be found about something unknowable' })
  expect(await queue()).toMatchObject({ pending: 0, dlq_count: 1 })
}, 40_000)
