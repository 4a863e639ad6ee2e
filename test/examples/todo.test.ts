// examples/todo as its reader runs it: one command, windows of a real browser, and the page as it was built.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page, WebSocket } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { LoadClient } from '../support/load-client.ts'
import { lacks } from '../support/needs.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { launchBrowser } from './browser.ts'
import { ROOT } from './example-folder.ts'
import type { Program } from './programs.ts'
import { TodoApp } from './todo-app.ts'

/** Looked at by whoever changes the page; not part of the repository. */
const SCREENSHOTS = join(tmpdir(), 'iii-screenshots')
const POLL = { timeout: 20_000, interval: 20 }
const UUID = String.raw`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`

interface Todo {
  readonly id: string
  readonly title: string
  readonly completed: boolean
}

describe.skipIf(lacks('packages of examples/todo'))('the sources (needs packages of examples/todo)', () => {
  const EXAMPLE = join(ROOT, 'examples/todo')
  /** Its output; empty = there is nothing wrong. */
  const check = (project: string): string => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    return spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' }).stdout
  }

  it.each(['api', 'app'])('%s has no errors of type', (part) => {
    expect(check(join(EXAMPLE, part))).toBe('')
  })

  it('api has none with our SDK in the place of iii-sdk either', () => {
    const project = join(tempFolder(), 'tsconfig.json')
    const paths = { 'iii-sdk': [join(ROOT, 'sdk.ts')], 'iii-sdk/stream': [join(ROOT, 'sdk/stream.ts')] }
    const compilerOptions = { paths, typeRoots: [join(ROOT, 'node_modules/@types')] }
    const whole = { extends: join(EXAMPLE, 'api/tsconfig.json'), compilerOptions, include: [join(EXAMPLE, 'api/src')] }
    writeFileSync(project, JSON.stringify(whole))
    expect(check(project)).toBe('')
  })
})

describe.skipIf(lacks('Chromium') || lacks('packages of examples/todo'))(
  'the todo application (needs Chromium and packages of examples/todo)',
  () => {
    let browser: Browser
    let app: TodoApp
    let engine: Program
    beforeAll(async () => {
      mkdirSync(SCREENSHOTS, { recursive: true })
      app = await TodoApp.create()
      ;[browser, engine] = await Promise.all([launchBrowser(), app.start(), app.serveBuild()])
    })
    afterAll(async () => {
      await browser?.close()
      await app?.close()
    })

    let worker: LoadClient
    beforeEach(async () => {
      worker = await LoadClient.connect(app.url, 'tester')
      onTestFinished(() => worker.close())
      for (const { id } of await list()) await worker.result('todos::delete', { id })
    })

    it('shows in each window what happens in the other', async () => {
      const [one, other] = await Promise.all([open(app.builtPage), open(app.devPage)])
      await one.getByText('Nothing to do').waitFor()
      await add(one, 'Buy oat milk')
      await add(other, '  Write a worker  ')
      await add(one, 'Throw this away')
      for (const page of [one, other])
        await expectTodos(page, ['○ Buy oat milk', '○ Write a worker', '○ Throw this away'])
      await one.getByRole('button', { name: 'Delete “Throw this away”' }).click()
      await other.getByRole('checkbox', { name: 'Buy oat milk' }).click()
      for (const page of [one, other]) {
        await expectTodos(page, ['✓ Buy oat milk', '○ Write a worker'])
        await page.getByText('1 open').waitFor()
      }
      await other.getByRole('button', { name: 'Open' }).click()
      await expectTodos(other, ['○ Write a worker'])
      await one.getByRole('button', { name: 'Clear done' }).click()
      await expectTodos(one, ['○ Write a worker'])
      expect(await list()).toEqual([expect.objectContaining({ title: 'Write a worker', completed: false })])
    })

    it('agrees in all windows after a storm of changes', async () => {
      const pages = await Promise.all([open(app.builtPage), open(app.devPage)])
      const ids: string[] = []
      const change = async (index: number): Promise<void> => {
        const { id } = (await worker.result('todos::create', { title: `Todo ${index}` })) as Todo
        ids.push(id)
        await worker.result('todos::toggle', { id: ids[(index * 7) % ids.length] }).catch(() => {})
        if (index % 3 === 0) await worker.result('todos::delete', { id: ids.shift() })
      }
      const storm = (from: number): Promise<unknown> =>
        Promise.all(Array.from({ length: 60 }, (_, index) => change(from + index)))
      for (const from of [0, 60, 120]) await storm(from)
      const kept = (await list()).map(({ title, completed }) => `${completed ? '✓' : '○'} ${title}`)
      expect(kept.length).toBeGreaterThan(80)
      for (const page of pages) await expectTodos(page, kept)
    })

    it('needs no mouse, and keeps the focus where the work goes on', async () => {
      const page = await open(app.builtPage)
      for (const title of ['One', 'Two', 'Three']) {
        await page.keyboard.type(title)
        await page.keyboard.press('Enter')
      }
      await expectTodos(page, ['○ One', '○ Two', '○ Three'])
      await page.keyboard.press('Tab')
      await page.keyboard.press('Space')
      await expectTodos(page, ['✓ One', '○ Two', '○ Three'])
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await expectTodos(page, ['○ Two', '○ Three'])
      await expectFocus(page, 'Delete “Two”')
      await page.keyboard.press('Enter')
      await expectFocus(page, 'Delete “Three”')
      await page.keyboard.press('Enter')
      await expectFocus(page, 'New todo')
      await expectTodos(page, [])
    })

    it('uses one WebSocket, asks for the list once, and polls nothing', async () => {
      const page = await browser.newPage()
      onTestFinished(() => page.close())
      const sockets: WebSocket[] = []
      const sent: any[] = []
      const requests: string[] = []
      page.on('websocket', (socket) => {
        sockets.push(socket)
        socket.on('framesent', ({ payload }) => sent.push(JSON.parse(String(payload))))
      })
      page.on('request', (request) => requests.push(request.url()))
      await page.goto(app.builtPage)
      await page.waitForSelector('[data-health=live]')
      const loaded = requests.length
      for (const title of ['One', 'Two', 'Three']) await worker.result('todos::create', { title })
      await expectTodos(page, ['○ One', '○ Two', '○ Three'])

      expect(sockets.map((socket) => socket.url())).toEqual([`${app.gate.url}/`])
      expect(requests.slice(loaded)).toEqual([])
      expect(requests.every((url) => url.startsWith(app.builtPage) || url.startsWith('data:'))).toBe(true)
      const calls = sent.filter(
        ({ type, function_id }) => type === 'invokefunction' && !function_id.startsWith('engine::'),
      )
      expect(calls.map(({ function_id }) => function_id)).toEqual(['todos::list'])
      const answers = sent.filter(({ type }) => type === 'invocationresult')
      expect(answers.map(({ function_id }) => function_id)).toEqual(Array(3).fill('ui::on-todo-change'))
    })

    it('says when it is offline, and shows afterwards what it missed and sends what it could not', async () => {
      const page = await open(app.builtPage)
      for (const title of ['Stays', 'Goes']) await worker.result('todos::create', { title })
      await expectTodos(page, ['○ Stays', '○ Goes'])
      const [stays, goes] = await list()
      await page.evaluate('window.notReloaded = true')

      app.gate.shut()
      await page.waitForSelector('[data-health=offline]')
      expect(await page.getByRole('status').textContent()).toBe('Reconnecting…')
      await worker.result('todos::toggle', { id: stays!.id })
      await worker.result('todos::delete', { id: goes!.id })
      await worker.result('todos::create', { title: 'Came meanwhile' })
      await page.getByLabel('New todo').fill('Written offline')
      await page.keyboard.press('Enter')
      await page.getByText('sent as soon as the connection is back').waitFor()
      await expectTodos(page, ['○ Stays', '○ Goes'])
      await page.screenshot({ path: join(SCREENSHOTS, 'todo-offline.png') })

      app.gate.open()
      await page.waitForSelector('[data-health=live]')
      await expectTodos(page, ['✓ Stays', '○ Came meanwhile', '○ Written offline'])
      await expectFocus(page, 'New todo')
      await worker.result('todos::create', { title: 'Comes live' })
      await expectTodos(page, ['✓ Stays', '○ Came meanwhile', '○ Written offline', '○ Comes live'])
      expect(await page.evaluate('window.notReloaded')).toBe(true)
    })

    it('keeps the sessions apart: each has its function, and none can call that of another', async () => {
      const [one, other] = await Promise.all([open(app.devPage), open(app.devPage)])
      await expect.poll(handlers, POLL).toHaveLength(2)
      const before = await handlers()
      for (const id of before) expect(id).toMatch(new RegExp(`^${UUID}::ui::on-todo-change$`))
      for (const id of [...before, 'ui::on-todo-change']) {
        expect(await refusal(one, id, { id: 'x', event: { type: 'create', data: { title: 'forged' } } })).toBe(
          'FORBIDDEN',
        )
      }
      await add(one, 'Seen by both')
      for (const page of [one, other]) await expectTodos(page, ['○ Seen by both'])
      await other.close()
      await expect.poll(handlers, POLL).toHaveLength(1)
    })

    it('may call the five functions and nothing else', async () => {
      const page = await open(app.devPage)
      await add(page, 'Is still there')
      const [todo] = await list()
      const item = { stream_name: 'todo', group_id: 'todos', item_id: todo!.id }
      expect(await refusal(page, 'stream::delete', item)).toBe('FORBIDDEN')
      expect(await refusal(page, 'stream::set', { ...item, data: {} })).toBe('FORBIDDEN')
      expect(await refusal(page, 'todo-project::auth-function', {})).toBe('FORBIDDEN')
      expect(await refusal(page, 'engine::functions::list', {})).toBe('FORBIDDEN')
      expect(await refusal(page, 'todos::get', { id: todo!.id })).toBe('answered')
      expect(await refusal(page, 'todos::get', { id: 'nobody' })).toBe('invocation_failed')
      expect(await list()).toEqual([todo])
    })

    it('says which change was refused and why, and keeps what was typed', async () => {
      const page = await open(app.builtPage)
      await add(page, 'Before')
      const allowAgain = edit('iii-config.yaml', '          - match("todos::create")\n', '')
      await expect.poll(() => refusalOf('todos::create'), POLL).toBe('FORBIDDEN')
      await page.waitForSelector('[data-health=live]')
      await page.getByLabel('New todo').fill('Not wanted')
      await page.keyboard.press('Enter')
      const alert = page.getByRole('alert')
      await expect
        .poll(() => alert.textContent(), POLL)
        .toMatch(/“Not wanted” was not added\..*todos::create.*not allowed/)
      await expect.poll(() => page.getByLabel('New todo').inputValue(), POLL).toBe('Not wanted')
      await page.screenshot({ path: join(SCREENSHOTS, 'todo-refused.png') })
      await alert.getByRole('button', { name: 'Dismiss' }).click()
      await alert.waitFor({ state: 'detached' })
      allowAgain()
      await expect.poll(() => refusalOf('todos::create'), POLL).toBeUndefined()
    })

    it('says when the list can not be loaded, tries again when told to, and goes on when it can', async () => {
      const allowAgain = edit('iii-config.yaml', '          - match("todos::list")\n', '')
      await expect.poll(() => refusalOf('todos::list'), POLL).toBe('FORBIDDEN')
      const page = await browser.newPage()
      onTestFinished(() => page.close())
      const asked: string[] = []
      page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => asked.push(String(payload))))
      await page.goto(app.builtPage)
      const alert = page.getByRole('alert')
      await expect.poll(() => alert.textContent(), POLL).toMatch(/The list can't be loaded\..*todos::list.*not allowed/)
      await page.screenshot({ path: join(SCREENSHOTS, 'todo-not-loaded.png') })
      await alert.getByRole('button', { name: 'Try again' }).click()
      await expect.poll(() => asked.filter((frame) => frame.includes('todos::list')).length, POLL).toBe(2)
      await alert.waitFor()
      allowAgain()
      await page.waitForSelector('[data-health=live]')
      await alert.waitFor({ state: 'detached' })
    })

    it('takes up what is changed in worker and page, while windows stay open', async () => {
      const page = await open(app.devPage)
      await page.evaluate('window.notReloaded = true')
      edit('app/src/app.tsx', '<h1>Todos</h1>', '<h1>Tasks</h1>')
      await page.getByRole('heading', { name: 'Tasks' }).waitFor()
      const talkNormally = edit('api/src/routes/todos.create.ts', 'title: req.title', 'title: req.title.toUpperCase()')
      const created = async (): Promise<string> =>
        ((await worker.result('todos::create', { title: 'loud' })) as Todo).title
      await expect.poll(created, POLL).toBe('LOUD')
      await page.getByRole('checkbox', { name: 'LOUD', exact: true }).click()
      await page.getByRole('checkbox', { name: 'LOUD', exact: true, checked: true }).waitFor()
      talkNormally()
      await expect.poll(created, POLL).toBe('loud')
      expect(await page.evaluate('window.notReloaded')).toBe(true)
    })

    it('looks like this, also on a phone, and nothing is wider than the window', async () => {
      const titles = ['Read the guide', 'Write a worker in Python', `Say ${'very '.repeat(20)}much`, 'W'.repeat(120)]
      for (const title of titles) await worker.result('todos::create', { title })
      const [, second] = await list()
      await worker.result('todos::toggle', { id: second!.id })
      for (const [name, options] of Object.entries({
        light: {},
        dark: { colorScheme: 'dark' },
        phone: { viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true },
        'phone-dark': { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' },
      } as const)) {
        const page = await app.openWindow(browser, app.builtPage, options)
        await expect.poll(() => page.getByRole('listitem').count(), POLL).toBe(titles.length)
        await page.screenshot({ path: join(SCREENSHOTS, `todo-${name}.png`), fullPage: true })
        const tooWide = await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)
        expect(tooWide, name).toBe(0)
      }
    })

    it('has everything again after the engine was killed and started anew', async () => {
      const page = await open(app.builtPage)
      await add(page, 'Written down')
      await expectTodos(page, ['○ Written down'])
      await engine.kill()
      await page.waitForSelector('[data-health=offline]')
      engine = await app.start()
      await page.waitForSelector('[data-health=live]')
      await expectTodos(page, ['○ Written down'])
      await add(page, 'Written anew')
      await expectTodos(page, ['○ Written down', '○ Written anew'])
    })

    /** @returns what undoes it; if not before, that is done when the test is over */
    function edit(file: string, what: string, instead: string): () => void {
      const path = join(app.folder, file)
      const before = readFileSync(path, 'utf8')
      const undo = (): void => {
        // Writing is noticed, even when nothing is different.
        if (readFileSync(path, 'utf8') !== before) writeFileSync(path, before)
      }
      onTestFinished(undo)
      writeFileSync(path, before.replace(what, instead))
      return undo
    }

    const open = (url: string): Promise<Page> => app.openWindow(browser, url)

    async function list(): Promise<readonly Todo[]> {
      return ((await worker.result('todos::list')) as { items: Todo[] }).items
    }

    /** Ids of the functions of all windows. */
    async function handlers(): Promise<readonly string[]> {
      const { functions } = (await worker.result('engine::functions::list')) as { functions: { function_id: string }[] }
      return functions.map(({ function_id }) => function_id).filter((id) => id.endsWith('::ui::on-todo-change'))
    }

    /** The code of the error that a new session gets. */
    async function refusalOf(functionId: string): Promise<string | undefined> {
      const session = await LoadClient.connect(app.gate.url, 'session').catch(() => undefined)
      const answer = await session?.call(functionId, { title: 'Probe' })
      session?.close()
      return answer?.error?.code
    }
  },
)

async function add(page: Page, title: string): Promise<void> {
  await page.getByLabel('New todo').fill(title)
  await page.getByRole('button', { name: 'Add' }).click()
  await page.getByRole('listitem').filter({ hasText: title.trim() }).waitFor()
}

/** `✓ title` is done, `○ title` is not. */
async function expectTodos(page: Page, todos: readonly string[]): Promise<void> {
  const items = page.getByRole('listitem')
  const shown = (): Promise<string[]> =>
    items.evaluateAll((all) =>
      all.map((item) => `${item.querySelector(':checked') ? '✓' : '○'} ${item.querySelector('.title')?.textContent}`),
    )
  await expect.poll(shown, POLL).toEqual(todos)
}

async function expectFocus(page: Page, name: string): Promise<void> {
  const focused = (): Promise<string | null> => page.locator(':focus').getAttribute('aria-label', { timeout: 1_000 })
  await expect.poll(() => focused().catch(() => null), POLL).toBe(name)
}

/** The code of the error with which a call over the page's own connection ends. Only the dev server hands out single modules. */
function refusal(page: Page, functionId: string, payload: unknown): Promise<string> {
  const request = JSON.stringify({ function_id: functionId, payload })
  return page.evaluate(
    `import('/src/lib/iii.ts').then(({ iii }) => iii.trigger(${request})).then(() => 'answered', (error) => error.code)`,
  )
}
