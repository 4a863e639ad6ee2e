// examples/todo as its reader starts it: `npm start` in a checkout, with ports and data of its own, in front of the system's npm.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { unusedPort } from '../support/unused-port.ts'
import { ROOT } from './example-folder.ts'
import { Gate } from './gate.ts'
import { launch, type Program } from './programs.ts'

/** For whatever a page is waited for: a guard against hangs alone. */
const WAIT_MS = 20_000
const EXAMPLE = join(ROOT, 'examples/todo')

export class TodoApp {
  readonly folder: string
  /** Between the page and the engine's public port. */
  readonly gate: Gate
  readonly #checkout: string
  readonly #env: Readonly<Record<string, string>>
  readonly #programs: Program[] = []

  private constructor(checkout: string, gate: Gate, env: Readonly<Record<string, string>>) {
    this.#checkout = checkout
    this.folder = join(checkout, 'examples/todo')
    this.gate = gate
    this.#env = env
  }

  static async create(): Promise<TodoApp> {
    const publicPort = await unusedPort()
    const gate = await Gate.to(publicPort)
    const [port, stream, page, preview] = await Promise.all(Array.from({ length: 4 }, unusedPort))
    return new TodoApp(checkoutWithCopy(), gate, {
      III_PORT: String(port),
      PUBLIC_PORT: String(publicPort),
      STREAM_PORT: String(stream),
      PAGE_PORT: String(page),
      PREVIEW_PORT: String(preview),
      III_PUBLIC_URL: gate.url,
      PATH: pathOfUser(),
    })
  }

  /** For workers. */
  get url(): string {
    return `ws://127.0.0.1:${this.#env['III_PORT']}`
  }

  get devPage(): string {
    return `http://127.0.0.1:${this.#env['PAGE_PORT']}/`
  }

  get builtPage(): string {
    return `http://127.0.0.1:${this.#env['PREVIEW_PORT']}/`
  }

  /** Resolves when the worker has registered its functions and the dev server is there. */
  start(): Promise<Program> {
    return this.#npm(['start'], /The page is at[\s\S]*todo-project::auth-function/)
  }

  async serveBuild(): Promise<void> {
    await this.#npm(['run', 'build'], /built in/)
    await this.#npm(['run', 'preview'], /http:\S+/)
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()))
    await this.gate.close()
    rmSync(this.#checkout, { recursive: true, force: true })
  }

  /** A window that nobody else shares anything with. It is closed when the test is over. */
  async openWindow(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1_000, height: 720 }, deviceScaleFactor: 2, ...options })
    onTestFinished(() => page.close())
    page.setDefaultTimeout(WAIT_MS)
    await page.goto(url)
    await page.waitForSelector('[data-health=live]')
    return page
  }

  async #npm(args: readonly string[], ready: RegExp): Promise<Program> {
    const program = launch(args, { command: 'npm', cwd: this.folder, env: this.#env, ready })
    this.#programs.push(program)
    await program.isReady
    return program
  }
}

/** The checkout as it is, but for the folder of the example, which is a copy. */
function checkoutWithCopy(): string {
  const checkout = mkdtempSync(join(tmpdir(), 'iii-host-todo-'))
  for (const name of readdirSync(ROOT)) {
    if (name !== 'examples' && !name.startsWith('.')) symlinkSync(join(ROOT, name), join(checkout, name))
  }
  const folder = join(checkout, 'examples/todo')
  cpSync(EXAMPLE, folder, {
    recursive: true,
    filter: (file) => !/^\/(data|config|node_modules|app\/dist)$/.test(file.slice(EXAMPLE.length)),
  })
  // On loopback, as all that tests start.
  const config = join(folder, 'iii-config.yaml')
  writeFileSync(config, readFileSync(config, 'utf8').replaceAll('0.0.0.0', '127.0.0.1'))
  // Package by package: what Vite keeps beside them is its own.
  const packages = join(folder, 'node_modules')
  mkdirSync(packages)
  for (const name of readdirSync(join(EXAMPLE, 'node_modules'))) {
    if (!name.startsWith('.vite')) symlinkSync(join(EXAMPLE, 'node_modules', name), join(packages, name))
  }
  return checkout
}

/** Without what npm puts before it for the tests: the Node of the system is the one that npm runs on. */
function pathOfUser(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.filter((folder) => !folder.startsWith(ROOT)).join(delimiter)
}
