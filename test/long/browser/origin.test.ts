// Which web pages may open a socket to a listener on loopback, as a real Chromium sees it (spec 09 §4, check 11).
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { engineFolder, LISTENER_PORT } from '../../support/engine-process.ts'
import { chromiumFile, lacks } from '../../support/needs.ts'

const FOREIGN_HOST = 'evil.test'

/** `open` with the first frame of the engine, or `refused`. */
type Attempt = { readonly outcome: 'open'; readonly greeting: string } | { readonly outcome: 'refused' }

function tryToConnect(page: Page, url: string): Promise<Attempt> {
  return page.evaluate(
    (target) =>
      new Promise<Attempt>((resolve) => {
        const socket = new WebSocket(target)
        socket.addEventListener('message', (event) => {
          resolve({ outcome: 'open', greeting: String(event.data) })
          socket.close()
        })
        socket.addEventListener('error', () => resolve({ outcome: 'refused' }))
        socket.addEventListener('close', () => resolve({ outcome: 'refused' }))
      }),
    url,
  )
}

describe.skipIf(lacks('Chromium'))('a page (needs Chromium)', () => {
  let browser: Browser
  let site: Server
  let sitePort: number

  beforeAll(async () => {
    site = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.end('<!doctype html><title>A page</title>')
    })
    site.listen(0, '127.0.0.1')
    await once(site, 'listening')
    sitePort = (site.address() as AddressInfo).port
    browser = await chromium.launch({
      executablePath: chromiumFile() ?? 'chromium',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        `--host-resolver-rules=MAP ${FOREIGN_HOST} 127.0.0.1`,
      ],
    })
  })
  afterAll(async () => {
    await browser?.close()
    site.closeAllConnections()
    site.close()
  })

  /** An engine whose listener has these further options, and its address. */
  async function engine(options = ''): Promise<string> {
    const folder = await engineFolder()
    onTestFinished(() => folder.remove())
    await folder.write(
      'iii-config.yaml',
      `workers:\n  - name: iii-worker-manager\n    config: { port: ${LISTENER_PORT}${options} }\n`,
    )
    await folder.start({ args: ['--no-watch'] })
    return folder.url
  }

  async function pageFrom(host: string): Promise<Page> {
    const page = await browser.newPage()
    onTestFinished(() => page.close())
    await page.goto(`http://${host}:${sitePort}/`)
    expect(await page.evaluate('location.host')).toBe(`${host}:${sitePort}`)
    return page
  }

  it('of a foreign origin opens no socket to a listener on loopback', async () => {
    const url = await engine()
    const page = await pageFrom(FOREIGN_HOST)
    expect(await tryToConnect(page, url)).toEqual({ outcome: 'refused' })
    expect(await tryToConnect(page, `${url}/otel`)).toEqual({ outcome: 'refused' })
    // Naming the listener by the page's own host does not help it.
    expect(await tryToConnect(page, url.replace('127.0.0.1', FOREIGN_HOST))).toEqual({ outcome: 'refused' })
  })

  it.each(['127.0.0.1', 'localhost'])('from %s opens one', async (host) => {
    const attempt = await tryToConnect(await pageFrom(host), await engine())
    expect(attempt).toMatchObject({ outcome: 'open', greeting: expect.stringContaining('workerregistered') })
  })

  it('of a foreign origin opens one when the origin is in allowed_origins', async () => {
    const url = await engine(`, allowed_origins: ["http://${FOREIGN_HOST}:${sitePort}"]`)
    expect(await tryToConnect(await pageFrom(FOREIGN_HOST), url)).toMatchObject({ outcome: 'open' })
  })

  it('of a foreign origin opens none when another origin is allowed, a port apart', async () => {
    const url = await engine(`, allowed_origins: ["http://${FOREIGN_HOST}:${sitePort + 1}"]`)
    expect(await tryToConnect(await pageFrom(FOREIGN_HOST), url)).toEqual({ outcome: 'refused' })
  })
})
