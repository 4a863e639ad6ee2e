// Every piece of code of iii's own documents that uses an SDK, run on ours: what changes is the name of the package.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { startCore } from '../../support/test-core.ts'
import { DOCUMENTED, importDocumented } from './documented-code.ts'

const code = (file: string): string => readFileSync(path.join(DOCUMENTED, file), 'utf8')

it('the first worker is callable at once', async () => {
  const core = await startCore()
  vi.stubEnv('III_ENGINE_URL', core.url())
  const { iii } = await importDocumented(`${code('first-worker.ts')}\nexport { iii }`)
  onTestFinished(() => iii.shutdown())
  const other = await core.connect()
  await expect.poll(async () => (await other.call('demo::add', { a: 2, b: 2 })).result).toEqual({ c: 4 })
  const { result } = await other.call('engine::workers::list', { search: 'demo' })
  expect(result).toMatchObject({ workers: [{ name: 'demo' }] })
})

it('the SDK in brief does all that it shows, and shuts down', async () => {
  const core = await startCore()
  vi.stubEnv('III_ENGINE_URL', core.url())
  const other = await core.connect()
  await other.provided('any::f', () => 'any')
  await other.provided('engine::queue::enqueue', () => ({}))
  // What the document leaves to its reader.
  const left = `const description = 'Does a thing', request_format = { type: 'object' }, response_format = { type: 'object' }
const function_id = 'any::f', payload = { n: 1 }, timeoutMs = 5000, queue = 'jobs'
const type = 'ticks', config = { every: 1 }, id = 'my-ticks'
const registerTrigger = async () => {}, unregisterTrigger = async () => {}
`
  const shown = code('sdk-in-brief.ts')
  const at = shown.indexOf('const iii =')
  const { iii, ref, IIIInvocationError, Logger } = await importDocumented(
    `${shown.slice(0, at)}${left}${shown.slice(at)}\nexport { iii, ref, IIIInvocationError, Logger }`,
  )
  expect(ref.id).toBe('svc::do-thing')
  expect(iii.getConnectionState()).toBe('disconnected')
  expect(other.calls('any::f').map(({ data }) => data)).toMatchObject([{ n: 1 }, { n: 1 }])
  expect(other.calls('engine::queue::enqueue')).toHaveLength(1)
  expect(other.calls('engine::queue::enqueue')[0]).toMatchObject({ data: { queue: 'jobs', function_id: 'any::f' } })
  await expect
    .poll(async () => (await other.call('engine::workers::list', { search: 'my-worker' })).result)
    .toMatchObject({ workers: [] })
  expect([typeof IIIInvocationError, typeof Logger]).toEqual(['function', 'function'])
})

it('what is said of channels holds, in the forms of old and new', async () => {
  const core = await startCore()
  vi.stubEnv('III_ENGINE_URL', core.url())
  const { result } = await importDocumented(`
import { ChannelReader, registerWorker } from 'iii-sdk'
const iii = registerWorker(process.env.III_ENGINE_URL!)
const messages: string[] = []
iii.registerFunction('sink', async ({ readerRef }: any) => {
  const reader = new ChannelReader(iii.address, readerRef)
  reader.onMessage((msg) => { messages.push(msg) })
  const data = await reader.readAll()
  return data.toString()
})
const channel = await iii.createChannel()
channel.writer.stream.write(Buffer.from('one '))
channel.writer.write(Buffer.from('two'))
channel.writer.sendMessage(JSON.stringify({ type: 'metadata' }))
const read = iii.trigger({ function_id: 'sink', payload: { readerRef: channel.readerRef } })
channel.writer.close()
export const result = [await read, messages]
await iii.shutdown()
`)
  expect(result).toEqual(['one two', ['{"type":"metadata"}']])
})

it('the application for todos keeps and shows them live', async () => {
  const engine = await startRemoteEngine(['{ name: iii-stream, config: { port: 0, adapter: { name: kv } } }'])
  vi.stubEnv('III_URL', engine.url)
  const api = await importDocumented(`
import { iii, logger } from './todo-api/iii.ts'
import './todo-api/lib/rbac.ts'
import { fn } from './todo-api/lib/decorators.ts'
import { createTodo } from './todo-api/routes/todos.create.ts'
import { todosStream } from './todo-api/routes/todos.stream.ts'
// The functions that the document does not show.
fn('todos::list', async () => ({ items: await todosStream.list({ group_id: 'todos' }) }))
fn('todos::toggle', async ({ id }: any) => {
  const todo = await todosStream.get({ group_id: 'todos', item_id: id })
  return todosStream.set({ group_id: 'todos', item_id: id, data: { ...todo, completed: !todo?.completed } as any })
})
fn('todos::delete', async ({ id }: any) => todosStream.delete({ group_id: 'todos', item_id: id }))
export { iii, logger, createTodo, todosStream }
`)
  onTestFinished(() => api.iii.shutdown())
  const session = await api.iii.trigger({
    function_id: 'todo-project::auth-function',
    payload: { headers: {}, query_params: {}, ip_address: '127.0.0.1' },
  })
  expect(session).toMatchObject({
    allowed_trigger_types: ['stream'],
    function_registration_prefix: session.context.session_id,
  })
  const page = await importDocumented(
    `
export { useTodos } from './todo-page/hooks/use-todos.ts'
export { render, unmount } from 'react'
export { iii } from './todo-page/lib/iii'
`,
    (text) => text.replace('ws://localhost:3111', engine.url),
  )
  onTestFinished(() => page.iii.shutdown())
  const shown = (): any => page.render(page.useTodos)
  shown()
  const bound = async (): Promise<unknown[]> =>
    (await api.iii.listTriggers()).filter(({ trigger_type }: any) => trigger_type === 'stream')
  await expect.poll(bound).toHaveLength(1)
  // The list that the page asked for first comes before this one; coming later it would take away what was added meanwhile.
  await page.iii.trigger({ function_id: 'todos::list', payload: {} })
  await shown().addTodo('Read the guide')
  await expect.poll(() => shown().todos).toMatchObject([{ title: 'Read the guide', completed: false }])
  await shown().toggleTodo(shown().todos[0].id)
  await expect.poll(() => shown().completedCount).toBe(1)
  expect(shown().remaining).toBe(0)
  // What somebody else does is seen too.
  const other = await api.createTodo({ title: 'From elsewhere' })
  await expect.poll(() => shown().todos).toHaveLength(2)
  await api.todosStream.update({
    group_id: 'todos',
    item_id: other.id,
    ops: [{ type: 'set', path: 'title', value: 'New' }],
  })
  await expect.poll(() => shown().todos[1].title).toBe('New')
  await shown().clearCompleted()
  await expect.poll(() => shown().todos.map(({ title }: any) => title)).toEqual(['New'])
  page.unmount()
  await expect.poll(bound).toHaveLength(0)
})
