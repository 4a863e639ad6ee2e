// Three agents that work on a question one after the other. Each does one step, writes what it found into the state that all share, and
// hands on by the queue: no agent waits for another, and a step whose worker dies is done again.
//
//   node agents.mjs                    all of them in one process
//   node agents.mjs critic             one of them, in a process of its own; start as many as you like
import { setTimeout as sleep } from 'node:timers/promises'
import { registerWorker, TriggerAction } from 'iii-sdk'

const url = process.env.III_URL ?? `ws://127.0.0.1:${process.env.III_PORT ?? 49134}`
/** Stands for the time that a model takes. */
const THINK_MS = Number(process.env.THINK_MS ?? 500)
const ENOUGH_FINDINGS = 3
const FINDINGS_PER_ROUND = 2

const iii = registerWorker(url, { workerName: `agents-${process.argv[2] ?? 'all'}` })
const call = (function_id, payload) => iii.trigger({ function_id, payload })

// ── the agents ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const agents = {
  /** Looks for something new. What goes wrong here, such as a model that does not answer, is thrown: the queue tries again. */
  async researcher({ task_id, round }, { topic }) {
    if (topic.includes('unknowable')) throw new Error(`there is nothing to be found about ${topic}`)
    const first = (round - 1) * FINDINGS_PER_ROUND + 1
    const found = [first, first + 1].map((n) => `finding ${n} about ${topic}`)
    await note(task_id, { [`findings_${round}`]: found, status: 'researched' })
    await handOn('critic', { task_id, round })
  },

  /** Sends the researcher off again until there is enough to write about. */
  async critic({ task_id, round }, task) {
    const isEnough = findingsOf(task).length >= ENOUGH_FINDINGS
    await note(task_id, { status: isEnough ? 'approved' : 'sent back' })
    await handOn(isEnough ? 'writer' : 'researcher', { task_id, round: isEnough ? round : round + 1 })
  },

  async writer({ task_id }, task) {
    const findings = findingsOf(task)
    const report = `${task.topic}: ${findings.join('; ')}.`
    await note(task_id, { report, status: 'done' })
    // An event for whoever listens at the moment. Nobody waits for it.
    const data = { task_id, topic: task.topic, findings: findings.length }
    void iii.trigger({
      function_id: 'publish',
      payload: { topic: 'research.completed', data },
      action: TriggerAction.Void(),
    })
  },
}

for (const name of process.argv[2] === undefined ? Object.keys(agents) : [process.argv[2]]) {
  const work = agents[name]
  if (work === undefined) throw new Error(`there is no agent ${name}: name one of ${Object.keys(agents).join(', ')}`)
  iii.registerFunction(`agents::${name}`, async (step) => {
    await sleep(THINK_MS)
    await work(step, await call('state::get', { scope: 'research', key: step.task_id }))
    console.log(`${name} is through with round ${step.round} of ${step.task_id}`)
  })
}

// ── how they share and hand on ──────────────────────────────────────────────────────────────────────────────────────────

/** Each agent writes members of its own, so that a step that is done twice leaves what it left the first time. */
function note(task_id, members) {
  const ops = Object.entries(members).map(([path, value]) => ({ type: 'set', path, value }))
  return call('state::update', { scope: 'research', key: task_id, ops })
}

/**
 * Answered when the step is safe on the disk; only then the agent returns, and its own step is over. If it dies in between, its step is done
 * again and hands on again: by the key the queue knows that it has the next step already.
 */
function handOn(agent, step) {
  const dedup_key = `${step.task_id} ${step.round} ${agent}`
  const action = TriggerAction.Enqueue({ queue: 'agent-tasks', dedup_key })
  return iii.trigger({ function_id: `agents::${agent}`, payload: step, action })
}

function findingsOf(task) {
  return Object.entries(task)
    .filter(([member]) => member.startsWith('findings_'))
    .flatMap(([, found]) => found)
}

console.log(`The agents are connected to ${url}`)
