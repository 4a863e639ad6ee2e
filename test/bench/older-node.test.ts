import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { olderNode } from '../../bench/older-node.ts'
import { tempFolder } from '../support/temp-folder.ts'

test.skipIf(process.platform === 'win32')(
  'the first Node on the path that is too old is found, and no other program (needs POSIX)',
  async () => {
    const folder = tempFolder()
    const program = async (name: string, prints: string): Promise<string> => {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'node'), `#!/bin/sh\necho ${prints}\n`, { mode: 0o755 })
      return join(folder, name)
    }
    const path = [await program('new', 'v26.1.0'), await program('none', 'hello'), 'relative', join(folder, 'missing')]
    expect(olderNode({ PATH: path.join(delimiter) })).toBeUndefined()
    const old = await program('old', 'v20.2.0')
    const PATH = [...path, old, await program('older', 'v18.0.0')].join(delimiter)
    expect(olderNode({ PATH })).toBe(join(old, 'node'))
    expect(olderNode({ PATH, III_BENCH_OLDER_NODE: join(folder, 'older', 'node') })).toBe(join(folder, 'older', 'node'))
    expect(olderNode({ PATH, III_BENCH_OLDER_NODE: join(folder, 'new', 'node') })).toBeUndefined()
  },
)
