// A Python with the unmodified iii-sdk from PyPI: the one that III_TEST_PYTHON names, or a virtual environment made on first use.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { NEEDS } from '../support/needs.ts'

const run = promisify(execFile)
const REQUIREMENTS = fileURLToPath(new URL('python/requirements.txt', import.meta.url))
const INSTALL_MS = 90_000

export interface PythonEnvironment {
  /** Path of the interpreter; undefined with the reason when there is none. */
  readonly python: string | undefined
  readonly reason: string
  remove(): Promise<void>
}

export async function pythonEnvironment(): Promise<PythonEnvironment> {
  const given = process.env['III_TEST_PYTHON']
  if (given !== undefined && given !== '') {
    if (!existsSync(given)) throw new Error(`III_TEST_PYTHON names ${given}, which does not exist`)
    return { python: given, reason: '', remove: async () => {} }
  }
  const dir = await mkdtemp(join(tmpdir(), 'iii-python-'))
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true })
  const python = join(dir, 'bin', 'python')
  try {
    await run('python3', ['-m', 'venv', dir], { timeout: INSTALL_MS })
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS], {
      timeout: INSTALL_MS,
    })
    return { python, reason: '', remove }
  } catch (error) {
    await remove()
    if (process.env['CI']) throw error
    return {
      python: undefined,
      reason: `iii-sdk for Python could not be installed (${(error as Error).message.split('\n')[0]}); ${NEEDS['iii-sdk for Python'].remedy}`,
      remove: async () => {},
    }
  }
}
