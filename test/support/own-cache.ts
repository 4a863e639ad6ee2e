// Engines of a test run keep what they build and compile in one folder: each but the first starts warm, and the user's own cache stays as
// it was.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** `globalSetup` of vitest: what it returns runs at the end. */
export default function setup(): () => void {
  const { III_CACHE_DIR } = process.env
  if (III_CACHE_DIR !== undefined) return () => {}
  const folder = mkdtempSync(join(tmpdir(), 'iii-test-cache-'))
  process.env.III_CACHE_DIR = folder
  return () => {
    delete process.env.III_CACHE_DIR
    // Processes of engines may just be ending.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}
