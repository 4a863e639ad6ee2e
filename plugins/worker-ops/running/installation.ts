// The install script of a local worker: it runs once, and again when the script, the folder or a file of its package manager is another one
// than it was then.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeWhole } from '../../../base/files/atomic-file.ts'
import { PACKAGE_FILES } from '../manifest/worker-folder.ts'
import { stampFile } from './launch.ts'

export class Installation {
  readonly #file: string

  constructor(dataDir: string, name: string) {
    this.#file = stampFile(dataDir, name)
  }

  async isDone(folder: string, script: string): Promise<boolean> {
    const noted = await readFile(this.#file, 'utf8').catch(() => undefined)
    return noted !== undefined && noted === (await stampOf(folder, script))
  }

  /** It has run: what is there now, files that it has written included, is what it ran for. */
  async done(folder: string, script: string): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true })
    await writeWhole(this.#file, await stampOf(folder, script))
  }

  async forget(): Promise<void> {
    await rm(this.#file, { force: true })
  }
}

async function stampOf(folder: string, script: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([folder, script]))
  for (const name of PACKAGE_FILES) {
    const content = await readFile(join(folder, name)).catch(() => undefined)
    if (content !== undefined) hash.update(JSON.stringify([name, content.length])).update(content)
  }
  return hash.digest('hex')
}
