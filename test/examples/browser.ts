// The system's Chromium for tests of pages. It belongs to no single test: a page is opened and closed by the one that needs it.
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const EXECUTABLE = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
)

/** Where the machine has none the test is skipped, except on CI, which installs it. */
export const browserMissing = EXECUTABLE === undefined && !process.env['CI']

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE ?? 'chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}
