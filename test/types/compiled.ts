// The compiler, asked about programs of users.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../repository/source-files.ts'
import { tempFolder } from '../support/temp-folder.ts'

const run = promisify(execFile)

/** What the compiler says; empty for nothing. */
export async function compiled(...files: string[]): Promise<string> {
  const config = path.join(tempFolder(), 'tsconfig.json')
  const compilerOptions = { typeRoots: [path.join(ROOT, 'node_modules/@types')] }
  writeFileSync(
    config,
    JSON.stringify({
      extends: path.join(ROOT, 'tsconfig.json'),
      compilerOptions,
      include: [],
      files: [...files, path.join(ROOT, 'protocol/buffer-natives.d.ts')],
    }),
  )
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc')
  return run(process.execPath, [tsc, '-p', config], { cwd: ROOT }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
}
