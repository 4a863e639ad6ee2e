// A Python with an unmodified iii-sdk from PyPI: from the folder that III_TEST_PYTHONS names, or a virtual environment made on first use.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { NEEDS } from '../support/needs.ts'

const run = promisify(execFile)
const INSTALL_MS = 90_000

/** Versions of the SDK that the tests run against, each with its `python/requirements-VERSION.txt`: the one that most use, and the newest. */
export const SDK_VERSIONS = ['0.22.1', '0.25.0'] as const

export interface PythonEnvironment {
  /** Path of the interpreter; undefined with the reason when there is none. */
  readonly python: string | undefined
  readonly reason: string
  remove(): Promise<void>
}

/** III_TEST_PYTHONS names a folder with a virtual environment for each version, named by it. */
export async function pythonEnvironment(version: string): Promise<PythonEnvironment> {
  const given = process.env['III_TEST_PYTHONS']
  if (given !== undefined && given !== '') {
    const python = join(given, version, 'bin', 'python')
    if (!existsSync(python)) throw new Error(`III_TEST_PYTHONS names ${given}, but there is no ${python}`)
    return { python, reason: '', remove: async () => {} }
  }
  const dir = await mkdtemp(join(tmpdir(), 'iii-python-'))
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true })
  const python = join(dir, 'bin', 'python')
  const requirements = fileURLToPath(new URL(`python/requirements-${version}.txt`, import.meta.url))
  try {
    await run('python3', ['-m', 'venv', dir], { timeout: INSTALL_MS })
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements], {
      timeout: INSTALL_MS,
    })
    return { python, reason: '', remove }
  } catch (error) {
    await remove()
    if (process.env['CI']) throw error
    return {
      python: undefined,
      reason: `iii-sdk ${version} for Python could not be installed (${(error as Error).message.split('\n')[0]}); ${NEEDS['iii-sdk for Python'].remedy}`,
      remove: async () => {},
    }
  }
}
