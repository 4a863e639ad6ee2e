// `iii queue` against an engine that runs.
import { randomUUID } from 'node:crypto'
import { runCommand } from 'citty'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import queueCommand from '../../../plugins/queue/command.ts'
import { runHere } from '../../bin/run-here.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startQueueEngine, type QueueEngine } from './queue-engine.ts'
import type { CommandTools } from '../../../sdk/built-in.ts'

let running: QueueEngine
let client: RawClient
beforeAll(async () => {
  running = await startQueueEngine(
    '{ queue_configs: { mail: { max_retries: 1 }, held: { concurrency: 3 }, quiet: {} } }',
  )
})
afterAll(() => running?.close())
beforeEach(async () => {
  client = await RawClient.connect(running.engine.url)
})

const queue = (...args: string[]) => runHere(['queue', ...args, '--port', new URL(running.engine.url).port])
const enqueue = (name: string, functionId: string, data: unknown, more: object = {}) =>
  client.call('engine::queue::enqueue', {
    queue: name,
    function_id: functionId,
    data,
    messageReceiptId: randomUUID(),
    ...more,
  })

test('list shows queues and topics with what is in them', async () => {
  await client.call('iii::durable::publish', { topic: 'orders.shipped', data: 1 })
  await client.call('iii::queue::pause', { queue: 'held' })
  const { code, stdout, stderr } = await queue('list')
  expect([code, stderr]).toEqual([0, ''])
  const lines = stdout.split('\n').map((line) => line.trim().split(/ {2,}/))
  expect(lines[0]).toEqual(['NAME', 'KIND', 'WAITING', 'ACTIVE', 'AWAITING', 'DELAYED', 'DEAD', 'CONSUMERS', 'STATE'])
  expect(lines).toContainEqual(['held', 'queue', '0', '0', '0', '0', '0', '3', 'paused'])
  expect(lines).toContainEqual(['orders.shipped', 'topic', '1', '0', '0', '0', '0', '0'])
  await client.call('iii::queue::resume', { queue: 'held' })
})

test('peek shows what is next, pause and resume hold the queue', async () => {
  expect(await queue('pause', 'held')).toMatchObject({ code: 0, stdout: 'held: paused\n' })
  await enqueue('held', 'f', { number: 7, text: 'x'.repeat(100) })
  await enqueue('held', 'g', 'later', { delay_ms: 3_600_000 })
  const next = await queue('peek', 'held')
  expect(next.stdout).toMatch(/^ID +FUNCTION +FAILED +SINCE +DATA/)
  expect(next.stdout).toMatch(/ f +0 +\d{4}-.*Z +\{"number":7,"text":"x+…/)
  expect(next.stdout).not.toContain('later')
  const later = (await queue('peek', 'held', '--delayed')).stdout
  expect(later).toMatch(/^ID +FUNCTION +FAILED +SINCE +DUE +DATA/)
  expect(later).toMatch(/ g +0 +\S+Z +\d{4}-\S+Z +"later"/)
  expect((await queue('peek', 'held', '--dead')).stdout).toBe('There are no such messages in "held".\n')
  await client.provided('f', () => null)
  expect(await queue('resume', 'held')).toMatchObject({ code: 0, stdout: 'held: resumed\n' })
  await client.until(() => client.calls('f').length > 0, 'the delivery')
})

test('peek says what there is where nothing is next', async () => {
  expect((await queue('peek', 'quiet')).stdout).toBe('Nothing in "quiet" is to be delivered now.\n')
  await client.call('iii::durable::publish', { topic: 'early', data: 1 })
  expect((await queue('peek', 'early')).stdout).toMatch(/^ID +FUNCTION +.*\n\S+ +0 +.* 1$/m)
  await client.provided('slow', () => new Promise(() => {}))
  await enqueue('quiet', 'slow', 1)
  await client.until(() => client.calls('slow').length > 0, 'the delivery')
  await enqueue('quiet', 'slow', 2, { delay_ms: 3_600_000 })
  expect((await queue('peek', 'quiet')).stdout).toBe(
    'Nothing in "quiet" is to be delivered now; 1 being handled, 1 delayed.\n',
  )
})

test('list and peek show what waits for a function that nobody provides', async () => {
  await enqueue('mail', 'nobody::provides', 'letter')
  await expect
    .poll(async () => (await queue('list')).stdout)
    .toMatch(/^mail +queue +0 +0 +1 +0 +0 +10 +nobody provides nobody::provides$/m)
  expect((await queue('peek', 'mail')).stdout).toMatch(/ nobody::provides +0 .*"letter" +waits for its function/)
})

test('list and peek print JSON', async () => {
  await enqueue('quiet', 'nobody::provides', { at: 'the end' }, { delay_ms: 7_200_000 })
  const { queues } = JSON.parse((await queue('list', '--json')).stdout)
  expect(queues).toContainEqual(expect.objectContaining({ queue: 'held', kind: 'queue', consumers: 3, dlq_count: 0 }))
  const rows = JSON.parse((await queue('peek', 'quiet', '--delayed', '--json')).stdout)
  expect(rows.at(-1)).toMatchObject({ function_id: 'nobody::provides', payload: { at: 'the end' } })
  expect(JSON.parse((await queue('peek', 'quiet', '--dead', '--json')).stdout)).toEqual([])
})

test('iii trigger --queue puts a call into a queue, and says why it can not', async () => {
  await client.provided('later', () => null)
  const at = ['--port', new URL(running.engine.url).port]
  const { code, stdout } = await runHere(['trigger', 'later', 'n=1', '--queue=mail', ...at])
  expect([code, JSON.parse(stdout)]).toEqual([0, { messageReceiptId: expect.any(String) }])
  await client.until(() => client.calls('later').length > 0, 'the delivery')
  expect(client.calls('later')[0]).toMatchObject({ data: { n: 1 } })
  const refused = await runHere(['trigger', 'later', '--queue=nope', ...at])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("The queue 'nope' was not found") })
})

test('redrive puts all dead letters back, or one', async () => {
  let works = false
  await client.provided('mail::send', () => {
    if (!works) throw new Error('broken')
  })
  await client.provided('test::on-dead', () => null)
  const trigger_type = 'queue:dead-letter'
  client.send({ type: 'registertrigger', id: 'x', trigger_type, function_id: 'test::on-dead', config: {} })
  for (const number of [1, 2, 3]) await enqueue('mail', 'mail::send', { number })
  await client.until(() => client.calls('test::on-dead').length === 3, 'the dead letters')
  const dead = await queue('peek', 'mail', '--dead')
  expect(dead.stdout).toMatch(/mail::send +1 .*\{"number":\d\} +\w+: .*broken/)
  const id = dead.stdout.split('\n')[1]!.split(' ')[0]!
  works = true
  expect(await queue('redrive', 'mail', id)).toMatchObject({ code: 0, stdout: 'mail: 1 redriven\n' })
  expect(await queue('redrive', 'mail')).toMatchObject({ code: 0, stdout: 'mail: 2 redriven\n' })
  await client.until(() => client.calls('mail::send').length === 6, 'the deliveries')
  expect(await queue('redrive', 'mail', id)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`"mail" has no dead letter with the id ${id}`),
  })
})

test.each([
  [['pause', 'nobody'], /queue_not_found|There is no queue/],
  [['peek', 'nobody'], /There is no queue and no topic "nobody"\n.*queue list shows/],
  [['peek', 'nobody', '--dead'], /There is no queue and no topic "nobody"/],
  [['redrive', 'nobody'], /There is no queue and no topic "nobody"/],
  [['peek', 'mail', '--dead', '--delayed'], /--dead and --delayed exclude each other\nName one/],
  [['peek', 'mail', '--limit', 'few'], /--limit "few" is no whole number\nGive one from 1 on/],
])('%j says what is wrong', async (args, message) => {
  const { code, stderr } = await queue(...args)
  expect(code).toBe(1)
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/\n +at /)
})

test('peek shows as many as fit into one answer', async () => {
  const asked: number[] = []
  const shown: unknown[] = []
  const job = { id: 'large', function_id: 'f', created_at: 0, error: null, payload: 'x' }
  const tools: Pick<CommandTools, 'connectionArgs' | 'call' | 'printTable' | 'print'> = {
    connectionArgs: {},
    async call(_args, _functionId, data) {
      const { limit } = data as { limit: number }
      asked.push(limit)
      if (limit > 2) throw Object.assign(new Error('too much'), { body: { code: 'result_too_large' } })
      return [job, job]
    },
    printTable: (rows) => void shown.push(...rows),
    print: () => {},
  }
  await runCommand(queueCommand(tools as CommandTools), { rawArgs: ['peek', 'mail', '--dead'] })
  expect(asked).toEqual([20, 10, 5, 2])
  expect(shown).toMatchObject([{ ID: 'large' }, { ID: 'large' }])
})
