// The types that authors of workers meet, in a compiler.
import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../repository/source-files.ts'
import { DOCUMENTED, renamed } from '../sdk/client/documented-code.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { compiled } from './compiled.ts'

describe('types of the SDK', () => {
  it('are right in every case of sdk-types.ts', async () => {
    expect(await compiled(path.join(ROOT, 'test/types/sdk-types.ts'))).toBe('')
  })

  it('agree with the code of the documents of iii', async () => {
    const folder = tempFolder()
    cpSync(path.join(DOCUMENTED, 'todo-api'), path.join(folder, 'todo-api'), { recursive: true })
    cpSync(path.join(DOCUMENTED, 'first-worker.ts'), path.join(folder, 'first-worker.ts'))
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
    const files = globSync('**/*.ts', { cwd: folder }).map((file) => path.join(folder, file))
    for (const file of files) writeFileSync(file, renamed(readFileSync(file, 'utf8')))
    expect(files.length).toBeGreaterThan(5)
    expect(await compiled(...files)).toBe('')
  })
})
