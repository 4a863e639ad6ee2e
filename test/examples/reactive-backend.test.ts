// examples/reactive-backend as its reader runs it: engine, worker and page, seen through a real browser and by HTTP.
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { unusedPort } from '../support/unused-port.ts'
import { LoadClient } from '../support/load-client.ts'
import { lacks } from '../support/needs.ts'
import { launchBrowser } from './browser.ts'
import { copyOfExample, ROOT } from './example-folder.ts'
import { Gate } from './gate.ts'
import { startProgram, type Program } from './programs.ts'

const LAUNCHER = join(ROOT, 'bin/iii.mjs')
/** Looked at by whoever changes the page; not part of the repository. */
const SCREENSHOTS = join(tmpdir(), 'iii-screenshots')

const POLL = { timeout: 10_000, interval: 20 }

interface Todo {
  readonly id: string
  readonly title: string
}

interface Example {
  readonly folder: string
  readonly port: number
  /** Of the page. */
  readonly url: string
  /** Of the HTTP endpoints. */
  readonly api: string
  /** Between the page and the engine's stream port. */
  readonly gate: Gate
  startEngine(): Promise<Program>
  startWorker(): Promise<Program>
}

describe.skipIf(lacks('Chromium'))('the reactive backend (needs Chromium)', () => {
  let browser: Browser
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true })
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  it('shows on the page what is created, updated and deleted, and counts it', async () => {
    const example = await open()
    await example.startEngine()
    await example.startWorker()
    const page = await openPage(example)
    const client = await connect(example)
    const { create, update, remove } = todosOf(client)

    const first = await create('Read the guide')
    const second = await create('Write a worker')
    const third = await create('Throw this one away')
    await expectTitles(page, ['Throw this one away', 'Write a worker', 'Read the guide'])
    await update(first.id, { done: true })
    await update(second.id, { title: 'Write a worker in Python' })
    await remove(third.id)
    await expectTitles(page, ['Write a worker in Python', 'Read the guide'])
    await expectMetrics(page, { total: 2, open: 1, done: 1, changes: 6 })
    expect(await texts(page, '#events li strong')).toEqual(['Deleted', 'Renamed', 'Done', 'Added', 'Added', 'Added'])
    expect(await client.result('todos::metrics')).toEqual({ open: 1, done: 1, changes: 6 })
    expect(await client.result('todos::get', { id: second.id })).toMatchObject({ title: 'Write a worker in Python' })
    expect(await client.failure('todos::get', { id: third.id })).toMatchObject({
      message: expect.stringContaining(`there is no todo ${third.id}`),
    })
    expect(await client.failure('todos::create', { title: '  ' })).toMatchObject({
      message: expect.stringContaining('title must be a text that is not empty'),
    })
  })

  it('takes what is done on the page to the HTTP endpoints, and says what they refuse', async () => {
    const example = await open()
    await example.startEngine()
    await example.startWorker()
    const page = await openPage(example)
    const ask = asker(example)
    await expect.poll(async () => (await ask('GET', '/metrics')).status, POLL).toBe(200)
    await page.fill('#add input', 'Written on the page')
    await page.click('#add button')
    await expectTitles(page, ['Written on the page'])
    await expect.poll(() => page.inputValue('#add input'), POLL).toBe('')
    await page.click('#todos [aria-label=Done]')
    await page.waitForSelector('#todos .done')
    expect(await ask('GET', '/todos')).toMatchObject({ body: [{ title: 'Written on the page', done: true }] })
    await page.click('#add button')
    await page.waitForSelector('#problem:not([hidden])')
    expect(await page.textContent('#problem')).toBe('title must be a text that is not empty, not ""')
    await page.click('#todos [aria-label=Delete]')
    await expectTitles(page, [])
    await page.waitForSelector('#problem', { state: 'hidden' })
    await expectMetrics(page, { total: 0, open: 0, done: 0, changes: 3 })
  })

  it('shows a page that is opened later what there is', async () => {
    const example = await open()
    await example.startEngine()
    const early = await openPage(example)
    await early.waitForSelector('#empty:not([hidden])')
    await example.startWorker()
    const client = await connect(example)
    await todosOf(client).create('Here before the second page')
    const late = await openPage(example)
    for (const page of [early, late]) {
      await expectTitles(page, ['Here before the second page'])
      await expectMetrics(page, { total: 1, open: 1, done: 0, changes: 1 })
    }
  })

  it('resumes after the engine was killed, and misses nothing of what happened meanwhile', async () => {
    const example = await open()
    const engine = await example.startEngine()
    await example.startWorker()
    const page = await openPage(example)
    const before = await connect(example)
    for (const title of ['Ship the beta', 'Talk to ten users', 'Plan the launch']) await todosOf(before).create(title)
    const [plan] = (await before.result('todos::list')) as Todo[]
    await expectMetrics(page, { total: 3, open: 3, done: 0, changes: 3 })
    await page.evaluate('window.notReloaded = true')

    await engine.kill()
    await page.waitForSelector('[data-connection=reconnecting]')
    // The page can't come back before there is something that it has missed.
    example.gate.shut()
    await example.startEngine()
    const after = await connect(example)
    await expect.poll(() => isBack(after), POLL).toBe(true)
    await todosOf(after).update(plan!.id, { done: true })
    for (const title of ['Answer the first customer', 'Raise a glass']) await todosOf(after).create(title)
    await expect.poll(() => after.result('todos::metrics'), POLL).toEqual({ open: 4, done: 1, changes: 6 })

    example.gate.open()
    await page.waitForSelector('[data-connection=live][data-recovered=true]')
    await expectTitles(page, [
      'Raise a glass',
      'Answer the first customer',
      'Plan the launch',
      'Talk to ten users',
      'Ship the beta',
    ])
    await expectMetrics(page, { total: 5, open: 4, done: 1, changes: 6 })
    expect(await texts(page, '#events li strong')).toEqual([
      'Added',
      'Added',
      'Done',
      'Resumed',
      'Added',
      'Added',
      'Added',
    ])
    expect(await page.evaluate('window.notReloaded')).toBe(true)
    await page.screenshot({ path: join(SCREENSHOTS, 'reactive-backend.png') })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: join(SCREENSHOTS, 'reactive-backend-dark.png') })
  })

  it('says so when the history is lost, and starts anew', async () => {
    const example = await open()
    const engine = await example.startEngine()
    await example.startWorker()
    const page = await openPage(example)
    const { create } = todosOf(await connect(example))
    for (const title of ['One', 'Two']) await create(title)
    await expectTitles(page, ['Two', 'One'])

    await engine.kill()
    example.gate.shut()
    await rm(join(example.folder, 'data/stream_store'), { recursive: true })
    await example.startEngine()
    const after = await connect(example)
    await expect.poll(() => isBack(after), POLL).toBe(true)
    await todosOf(after).create('Three')
    example.gate.open()
    await page.waitForSelector('[data-connection=live][data-recovered=false]')
    await expectTitles(page, ['Three', 'Two', 'One'])
    await expectMetrics(page, { total: 3, open: 3, done: 0, changes: 3 })
    expect(await page.textContent('#connection')).toBe('Live, started anew')
  })

  async function openPage({ url }: Example): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1_080, height: 760 }, deviceScaleFactor: 2 })
    onTestFinished(() => page.close())
    await page.goto(url)
    await page.waitForSelector('[data-connection=live]')
    return page
  }
})

describe('the HTTP endpoints of the reactive backend', () => {
  it('create, list, show, update and delete, and tell the metrics', async () => {
    const example = await open()
    await example.startEngine()
    await example.startWorker()
    const ask = asker(example)
    // The last one that the worker binds.
    await expect.poll(async () => (await ask('GET', '/metrics')).status, POLL).toBe(200)

    const created = await ask('POST', '/todos', { title: ' Read the guide ' })
    expect(created).toMatchObject({ status: 201, body: { title: 'Read the guide', done: false } })
    const { id } = created.body
    expect(await ask('GET', `/todos/${id}`)).toEqual({ status: 200, body: created.body })
    expect(await ask('PATCH', `/todos/${id}`, { done: true })).toMatchObject({ status: 200, body: { id, done: true } })
    expect(await ask('GET', '/todos')).toMatchObject({ status: 200, body: [{ id, done: true }] })
    await expect
      .poll(() => ask('GET', '/metrics'), POLL)
      .toEqual({ status: 200, body: { open: 0, done: 1, changes: 2 } })
    expect(await ask('DELETE', `/todos/${id}`)).toMatchObject({ status: 200, body: { id } })
    await expect
      .poll(() => ask('GET', '/metrics'), POLL)
      .toEqual({ status: 200, body: { open: 0, done: 0, changes: 3 } })
    expect(await ask('GET', `/todos/${id}`)).toEqual({ status: 404, body: { error: `there is no todo ${id}` } })
  })

  it('say what is wrong with a request', async () => {
    const example = await open()
    await example.startEngine()
    await example.startWorker()
    const ask = asker(example)
    // The last one that the worker binds.
    await expect.poll(async () => (await ask('GET', '/metrics')).status, POLL).toBe(200)
    expect(await ask('POST', '/todos', { title: '' })).toEqual({
      status: 400,
      body: { error: 'title must be a text that is not empty, not ""' },
    })
    const noJson = { status: 400, body: { error: 'the body must be a JSON object, sent as application/json' } }
    expect(await ask('POST', '/todos', [1])).toEqual(noJson)
    expect(await ask('POST', '/todos')).toEqual(noJson)
    expect(await ask('PATCH', '/todos/nobody', { done: true })).toEqual({
      status: 404,
      body: { error: 'there is no todo nobody' },
    })
    expect(await ask('GET', '/elsewhere')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
  })
})

/** Asks the endpoints, and reads what they answer. */
function asker({ api }: Example) {
  return async (method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> => {
    const json =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetch(`${api}${path}`, { method, ...json })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}

/** A copy of the example in a temporary folder, so that its data is its own, and its page. */
async function open(): Promise<Example> {
  const folder = copyOfExample('reactive-backend')
  const [port, streamPort, httpPort] = [await unusedPort(), await unusedPort(), await unusedPort()]
  const gate = await Gate.to(streamPort)
  onTestFinished(() => gate.close())
  const ports = { III_PORT: String(port), STREAM_PORT: String(streamPort), HTTP_PORT: String(httpPort), PAGE_PORT: '0' }
  const env = { ...ports, STREAM_URL: gate.url }
  const start = (args: readonly string[], ready: RegExp): Promise<Program> =>
    startProgram(args, { cwd: folder, env, ready })
  const server = await start(['page-server.mjs'], /http:\S+/)
  return {
    folder,
    port,
    url: /http:\S+/.exec(server.output())![0],
    api: `http://127.0.0.1:${httpPort}`,
    gate,
    startEngine: () => start([LAUNCHER, 'start'], /Listening:\n\s+ws:/),
    startWorker: () => start(['worker.mjs'], /todo backend is connected/),
  }
}

async function connect({ port }: Example): Promise<LoadClient> {
  const client = await LoadClient.connect(`ws://127.0.0.1:${port}`, 'tester')
  onTestFinished(() => client.close())
  return client
}

function todosOf(client: LoadClient) {
  return {
    create: (title: string): Promise<Todo> => client.result('todos::create', { title }),
    update: (id: string, change: object): Promise<Todo> => client.result('todos::update', { id, ...change }),
    remove: (id: string): Promise<Todo> => client.result('todos::delete', { id }),
  }
}

const texts = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allTextContents()

/** The worker is back and reacts: its functions are known before that, since the engine remembers them. */
async function isBack(client: LoadClient): Promise<boolean> {
  const { registered_triggers: bound } = await client.result('engine::registered-triggers::list', {
    function_id: 'todos::on-metrics',
  })
  return bound.length === 1 && (await client.call('todos::metrics')).error === undefined
}

async function expectTitles(page: Page, titles: readonly string[]): Promise<void> {
  await expect.poll(() => texts(page, '#todos .title'), POLL).toEqual(titles)
}

async function expectMetrics(page: Page, metrics: Readonly<Record<string, number>>): Promise<void> {
  const shown = async (): Promise<object> => {
    const names = Object.keys(metrics)
    const values = await Promise.all(names.map((name) => page.textContent(`#${name}`)))
    return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]))
  }
  await expect.poll(shown, POLL).toEqual(metrics)
}
