// A page in Chromium with the SDK of pages in it, as built for the package.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { BROWSER_BUNDLE } from '../../../scripts/browser-bundle.ts'

let bundle: Promise<string> | undefined

/** The text of the published file. */
export function browserBundle(): Promise<string> {
  bundle ??= build({ ...BROWSER_BUNDLE, write: false }).then(({ outputFiles }) => outputFiles[0]!.text)
  return bundle
}

export interface SdkPage {
  readonly page: Page
  /** What it wrote to its console. */
  readonly lines: readonly string[]
}

/** A page whose `sdk` is the module. @param before runs in the page before the module does */
export async function openSdkPage(browser: Browser, before = ''): Promise<SdkPage> {
  const { url } = await servePage(before)
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  const lines: string[] = []
  page.on('console', (message) => lines.push(message.text()))
  page.on('pageerror', (error) => lines.push(`uncaught: ${error.message}`))
  await page.goto(url)
  await page.waitForFunction('globalThis.sdk !== undefined')
  return { page, lines }
}

async function servePage(before: string): Promise<{ url: string }> {
  const html =
    `<!doctype html><title>SDK</title><link rel="icon" href="data:,"><script>${before}</script>` +
    `<script type="module">import * as sdk from './sdk.js'; globalThis.sdk = sdk</script>`
  const script = await browserBundle()
  const server = createServer(({ url }, response) => {
    const isScript = url === '/sdk.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? script : html)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}
