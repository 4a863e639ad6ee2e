// Whether `iii.lock` of a project names a worker: what is known of it where no engine runs. A lock file that is broken names none.
import { access } from 'node:fs/promises'
import { projectAt } from '../project.ts'

export async function isPinned(name: string, projectRoot: string): Promise<boolean> {
  const { lockFile } = projectAt(projectRoot, undefined)
  try {
    await access(lockFile)
    const { LockFile } = await import('../install/lock-file.ts')
    return (await LockFile.read(lockFile)).get(name) !== undefined
  } catch {
    return false
  }
}
