// The backend: todos kept in state, and what happens by itself when they change. No handler of a todo knows of the page or of
// the metrics: those are reactions to state.
import { randomUUID } from 'node:crypto'
import { Logger } from '@iii-dev/helpers/observability'
import { registerWorker, TriggerAction } from 'iii-sdk'
import { createStream } from 'iii-sdk/helpers'

const url = process.env.III_URL ?? `ws://127.0.0.1:${process.env.III_PORT ?? 49134}`
const iii = registerWorker(url, { workerName: 'todo-backend' })
const call = (function_id, payload) => iii.trigger({ function_id, payload })

/** A fault of the caller, with the status that HTTP has for it. */
class Refusal extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

// ── todos: functions that read and write state ──────────────────────────────────────────────────────────────────────────

iii.registerFunction('todos::create', create)
iii.registerFunction('todos::list', list)
iii.registerFunction('todos::get', ({ id }) => existing(id))
iii.registerFunction('todos::update', update)
iii.registerFunction('todos::delete', remove)
iii.registerFunction('todos::metrics', metrics)

async function create({ title }) {
  const todo = { id: randomUUID(), title: titleOf(title), done: false, created_at: new Date().toISOString() }
  await call('state::set', { scope: 'todos', key: todo.id, value: todo })
  new Logger().info('todo created', { id: todo.id })
  return todo
}

function list() {
  return call('state::list', { scope: 'todos' })
}

async function update({ id, title, done }) {
  await existing(id)
  const ops = []
  if (title !== undefined) ops.push({ type: 'set', path: 'title', value: titleOf(title) })
  if (done !== undefined) ops.push({ type: 'set', path: 'done', value: Boolean(done) })
  const { old_value, new_value } = await call('state::update', { scope: 'todos', key: id, ops })
  if (old_value !== null) return new_value
  // Deleted since it was looked up: the update has made a new value, which is no todo.
  await call('state::delete', { scope: 'todos', key: id })
  throw new Refusal(404, `there is no todo ${id}`)
}

async function remove({ id }) {
  await existing(id)
  return call('state::delete', { scope: 'todos', key: id })
}

function metrics() {
  return call('state::get', { scope: 'todo-metrics', key: 'all' })
}

async function existing(id) {
  const todo = await call('state::get', { scope: 'todos', key: String(id) })
  if (todo === undefined) throw new Refusal(404, `there is no todo ${id}`)
  return todo
}

function titleOf(title) {
  if (typeof title === 'string' && title.trim() !== '') return title.trim()
  throw new Refusal(400, `title must be a text that is not empty, not ${JSON.stringify(title)}`)
}

// ── HTTP: the same for whoever speaks no iii ────────────────────────────────────────────────────────────────────────────

endpoint('create', 'POST', '/todos', ({ body }) => create(fields(body)), 201)
endpoint('list', 'GET', '/todos', () => list())
endpoint('get', 'GET', '/todos/:id', ({ path_params }) => existing(path_params.id))
endpoint('update', 'PATCH', '/todos/:id', ({ path_params, body }) => update({ ...fields(body), ...path_params }))
endpoint('delete', 'DELETE', '/todos/:id', ({ path_params }) => remove(path_params))
endpoint('metrics', 'GET', '/metrics', () => metrics())

/** Binds a function of its own to a route: what it gets is a request, and what it returns is an answer. */
function endpoint(name, http_method, api_path, handle, status_code = 200) {
  const function_id = `todos::http::${name}`
  iii.registerFunction(function_id, async (request) => {
    try {
      return { status_code, body: await handle(request) }
    } catch (error) {
      // Whatever else fails is a 500, which the engine answers.
      if (!(error instanceof Refusal)) throw error
      return { status_code: error.status, body: { error: error.message } }
    }
  })
  iii.registerTrigger({ type: 'http', function_id, config: { api_path, http_method } })
}

/** The body is null unless the request says that it is JSON, and it is. */
function fields(body) {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body
  throw new Refusal(400, 'the body must be a JSON object, sent as application/json')
}

// ── reactions: two functions watch the same scope and know nothing of each other ────────────────────────────────────────

iii.registerFunction('todos::on-change', async (event) => {
  const { event_type, new_value, old_value, key } = event
  const type = event_type.replace('state:', '')
  send('all', key, type, new_value ?? old_value)
  new Logger().info('todo pushed to the page', { key, type })
})
iii.registerTrigger({ type: 'state', function_id: 'todos::on-change', config: { scope: 'todos' } })

iii.registerFunction('todos::update-metrics', async (event) => {
  const { new_value, old_value } = event
  const open = isOpen(new_value) - isOpen(old_value)
  const done = isDone(new_value) - isDone(old_value)
  const ops = [
    { type: 'increment', path: 'open', by: open },
    { type: 'increment', path: 'done', by: done },
    { type: 'increment', path: 'changes', by: 1 },
  ]
  await call('state::update', { scope: 'todo-metrics', key: 'all', ops })
})
iii.registerTrigger({ type: 'state', function_id: 'todos::update-metrics', config: { scope: 'todos' } })

// A reaction to what a reaction wrote.
iii.registerFunction('todos::on-metrics', async ({ new_value }) => send('metrics', 'all', 'metrics', new_value))
iii.registerTrigger({ type: 'state', function_id: 'todos::on-metrics', config: { scope: 'todo-metrics' } })

function isOpen(todo) {
  return todo?.done === false ? 1 : 0
}

function isDone(todo) {
  return todo?.done === true ? 1 : 0
}

// ── the page: events by stream::send, and what a page that is opened gets first ─────────────────────────────────────────

/** Void: nobody waits for it, so the reaction stays fast. */
function send(group_id, id, type, data) {
  const payload = { stream_name: 'todos-live', group_id, id, type, data }
  void iii.trigger({ function_id: 'stream::send', payload, action: TriggerAction.Void() })
}

// The stream keeps nothing itself: whoever joins reads what is in state now.
createStream(iii, 'todos-live', {
  get: ({ group_id, item_id }) =>
    call('state::get', { scope: group_id === 'metrics' ? 'todo-metrics' : 'todos', key: item_id }),
  list: ({ group_id }) => (group_id === 'all' ? call('state::list', { scope: 'todos' }) : []),
  listGroups: () => ['all', 'metrics'],
  set: () => Promise.reject(new Error('todos-live is read-only: call todos::create or todos::update')),
  delete: () => Promise.reject(new Error('todos-live is read-only: call todos::delete')),
})

// Todos may have changed while no worker was there to react: count them anew, and show a page that is open already what there
// is. A change in this very moment may be counted twice or not at all, until the next start.
const todos = await call('todos::list', {})
const ops = [
  { type: 'set', path: 'open', value: todos.filter(isOpen).length },
  { type: 'set', path: 'done', value: todos.filter(isDone).length },
  { type: 'increment', path: 'changes', by: 0 },
]
await call('state::update', { scope: 'todo-metrics', key: 'all', ops })
send('all', null, 'all', todos)
console.log(`The todo backend is connected to ${url}`)
