// Shows the todos, the metrics and what happens to them, as the stream tells it. What is done here goes to the HTTP endpoints, and comes
// back by the stream like what is done anywhere else.
import { LiveStream } from './live-stream.js'

const MOST_EVENTS = 14
const todos = new Map()
const byId = (id) => document.getElementById(id)

const { streamUrl, apiUrl } = await (await fetch('/settings.json')).json()
byId('address').textContent = `${streamUrl}/stream/todos-live/all`
byId('api').textContent = `${apiUrl}/todos`
showTodos()

const joins = [{ group: 'all' }, { group: 'metrics', item: 'all' }]
const live = new LiveStream(streamUrl, 'todos-live', joins, {
  state(state) {
    document.body.dataset.connection = state
    byId('connection').textContent = state === 'live' ? 'Live' : 'Reconnecting…'
  },
  data(group, data) {
    if (group === 'metrics') showMetrics(data)
    else showAll(data)
  },
  event(group, type, data) {
    if (group === 'metrics') return showMetrics(data)
    if (type === 'all') return showAll(data)
    const before = todos.get(data.id)
    if (type === 'deleted') todos.delete(data.id)
    else todos.set(data.id, data)
    showTodos(data.id)
    tell(describe(type, data, before), data.title, type)
  },
  resumed(group, recovered) {
    if (group !== 'all') return
    document.body.dataset.recovered = String(recovered)
    byId('connection').textContent = recovered ? 'Live, nothing missed' : 'Live, started anew'
    if (recovered) tell('Resumed', 'nothing was missed', 'resumed')
    else tell('Started anew', 'the history did not reach back', 'anew')
  },
})
live.connect()

byId('add').addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = event.currentTarget
  const { title } = Object.fromEntries(new FormData(form))
  if (await ask('POST', '/todos', { title })) form.reset()
})

/** True when it was done. Otherwise the page says what the endpoint says. */
async function ask(method, path, fields) {
  const json = fields && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) }
  const problem = await fetch(`${apiUrl}${path}`, { method, ...json }).then(
    async (response) => (response.ok ? undefined : problemOf(response.status, await response.text())),
    () => `${apiUrl} does not answer.`,
  )
  byId('problem').textContent = problem ?? ''
  byId('problem').hidden = problem === undefined
  return problem === undefined
}

/** The worker's own errors are texts, those of the engine have a code and a message. */
function problemOf(status, text) {
  try {
    const { error } = JSON.parse(text)
    return error.message ?? error
  } catch {
    return `The answer is ${status}.`
  }
}

function showAll(list) {
  todos.clear()
  for (const todo of list) todos.set(todo.id, todo)
  showTodos()
}

function showTodos(changed) {
  const sorted = [...todos.values()].sort((a, b) => a.done - b.done || b.created_at.localeCompare(a.created_at))
  byId('todos').replaceChildren(...sorted.map((todo) => todoElement(todo, todo.id === changed)))
  byId('empty').hidden = sorted.length > 0
}

function todoElement({ id, title, done, created_at }, isChanged) {
  const item = document.createElement('li')
  item.dataset.id = id
  item.className = [done ? 'done' : 'open', isChanged ? 'changed' : ''].join(' ')
  const path = `/todos/${encodeURIComponent(id)}`
  const mark = button('mark', done ? '✓' : '', done ? 'Open again' : 'Done', () => ask('PATCH', path, { done: !done }))
  const remove = button('remove', '×', 'Delete', () => ask('DELETE', path))
  item.append(mark, part('span', 'title', title), part('time', '', timeText(new Date(created_at))), remove)
  return item
}

function button(className, text, label, act) {
  const element = part('button', className, text)
  element.type = 'button'
  element.setAttribute('aria-label', label)
  element.addEventListener('click', act)
  return element
}

function showMetrics(metrics) {
  const { open = 0, done = 0, changes = 0 } = metrics ?? {}
  const total = open + done
  for (const [name, value] of Object.entries({ total, open, done, changes })) {
    const element = byId(name)
    if (element.textContent === String(value)) continue
    element.textContent = value
    element.classList.remove('changed')
    // Asking for the layout makes the animation start again.
    void element.offsetWidth
    element.classList.add('changed')
  }
  byId('progress').style.width = total === 0 ? '0' : `${Math.round((done / total) * 100)}%`
}

function describe(type, { title, done }, before) {
  if (type === 'created') return 'Added'
  if (type === 'deleted') return 'Deleted'
  if (before?.done !== done) return done ? 'Done' : 'Reopened'
  return before?.title === title ? 'Updated' : 'Renamed'
}

function tell(what, about, kind) {
  const item = document.createElement('li')
  item.className = `changed ${kind}`
  item.append(part('strong', '', what), part('span', 'about', about), part('time', '', timeText(new Date())))
  const events = byId('events')
  events.prepend(item)
  while (events.children.length > MOST_EVENTS) events.lastElementChild.remove()
}

function part(tag, className, text) {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}

function timeText(time) {
  return time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
}
