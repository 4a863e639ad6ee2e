// Workers on the unmodified iii-sdk from crates.io: from the folder that III_TEST_RUST_WORKERS names, or built on first use.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SOURCES = fileURLToPath(new URL('rust/', import.meta.url))
const BUILD_MS = 600_000

/** Versions of the crate that the tests run against, each with its `rust/sdk-VERSION/Cargo.toml`: the one that most use, and the newest. */
export const CRATE_VERSIONS = ['0.22.1', '0.25.0'] as const

/** Path of the program of each version. */
export async function rustWorkers(): Promise<(version: string) => string> {
  const named = process.env['III_TEST_RUST_WORKERS']
  const program = (folder: string) => (version: string) => join(folder, `rust-worker-${version.replaceAll('.', '-')}`)
  if (named) {
    const missing = CRATE_VERSIONS.map(program(named)).filter((file) => !existsSync(file))
    if (missing.length > 0)
      throw new Error(`III_TEST_RUST_WORKERS names ${named}, but there is no ${missing.join(', ')}`)
    return program(named)
  }
  await run('cargo', ['build', '--quiet', '--locked'], { cwd: SOURCES, timeout: BUILD_MS })
  return program(join(process.env['CARGO_TARGET_DIR'] || join(SOURCES, 'target'), 'debug'))
}
