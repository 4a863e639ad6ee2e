// Where questions come in and answers go out. It knows no agent but the first, and may be restarted while they work.
import { randomUUID } from 'node:crypto'
import { registerWorker, TriggerAction } from 'iii-sdk'

const url = process.env.III_URL ?? `ws://127.0.0.1:${process.env.III_PORT ?? 49134}`
const iii = registerWorker(url, { workerName: 'desk' })
const call = (function_id, payload) => iii.trigger({ function_id, payload })

iii.registerFunction('research::ask', async ({ topic }) => {
  if (typeof topic !== 'string' || topic.trim() === '')
    throw new Error(`topic must be a text that is not empty, not ${JSON.stringify(topic)}`)
  const task_id = randomUUID()
  await call('state::set', { scope: 'research', key: task_id, value: { task_id, topic, status: 'asked' } })
  // Rejects with `enqueue_error` if it could not be stored: then nobody works on it, and whoever asked is told so.
  await iii.trigger({
    function_id: 'agents::researcher',
    payload: { task_id, round: 1 },
    action: TriggerAction.Enqueue({ queue: 'agent-tasks' }),
  })
  return { task_id }
})

iii.registerFunction('research::get', async ({ task_id }) => {
  const task = await call('state::get', { scope: 'research', key: String(task_id) })
  if (task === undefined) throw new Error(`there is no research ${task_id}`)
  return task
})

iii.registerFunction('research::list', () => call('state::list', { scope: 'research' }))

// A step that has failed for good: who asked is to know. `iii queue redrive agent-tasks` has it tried again.
iii.registerFunction('research::on-dead-letter', async ({ id, error }) => {
  const dead = await call('engine::queue::dlq_messages', { topic: 'agent-tasks', limit: 1000 })
  const step = dead.find((letter) => letter.id === id)
  // Brought back or discarded since.
  if (step === undefined) return
  const ops = [
    { type: 'set', path: 'status', value: 'failed' },
    { type: 'set', path: 'error', value: error.message },
  ]
  await call('state::update', { scope: 'research', key: step.payload.task_id, ops })
})
iii.registerTrigger({
  type: 'queue:dead-letter',
  function_id: 'research::on-dead-letter',
  config: { queue: 'agent-tasks' },
})

iii.registerFunction('research::on-completed', async ({ topic, findings }) => {
  console.log(`Completed: ${topic}, with ${findings} findings`)
})
iii.registerTrigger({
  type: 'subscribe',
  function_id: 'research::on-completed',
  config: { topic: 'research.completed' },
})

console.log(`The desk is connected to ${url}`)
