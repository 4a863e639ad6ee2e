// The system's Chromium for tests of pages. It belongs to no single test: a page is opened and closed by the one that needs it.
import { chromium, type Browser } from 'playwright-core'
import { chromiumFile } from '../support/needs.ts'

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumFile() ?? 'chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}
