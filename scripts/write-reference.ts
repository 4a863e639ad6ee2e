// `npm run docs`: writes the generated pages of docs/reference/, the generated tables of the other pages, and the types of the
// built-in functions and trigger types. Tests hold them against the code.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { ABSENT_WORKERS } from '../plugins/absent-workers.ts'
import { BUILT_INS } from '../plugins/built-ins.ts'
import { cliReference } from './reference/cli.ts'
import { engineWorkers } from './reference/engine-workers.ts'
import { errorsReference } from './reference/errors.ts'
import { knownTypes } from './reference/known-types.ts'
import { limitsReference } from './reference/limits.ts'
import { sdkReference } from './reference/sdk.ts'
import { fillTables, tablesOf } from './reference/tables.ts'
import { workersReference } from './reference/workers.ts'

const docs = new URL('../docs/', import.meta.url)
writeFileSync(new URL('reference/errors.md', docs), errorsReference(BUILT_INS))
writeFileSync(new URL('reference/limits.md', docs), await limitsReference(BUILT_INS))
writeFileSync(new URL('reference/workers.md', docs), await workersReference(BUILT_INS, ABSENT_WORKERS))
writeFileSync(new URL('reference/cli.md', docs), await cliReference(BUILT_INS))
writeFileSync(new URL('reference/sdk.md', docs), sdkReference())
const tables = await tablesOf(BUILT_INS, ABSENT_WORKERS)
for (const path of globSync('**/*.md', { cwd: docs })) {
  const page = new URL(path, docs)
  const text = readFileSync(page, 'utf8')
  const filled = fillTables(text, tables)
  if (filled !== text) writeFileSync(page, filled)
}
for (const files of [await knownTypes(BUILT_INS), await engineWorkers(BUILT_INS)])
  for (const [path, text] of files) writeFileSync(new URL(`../${path}`, import.meta.url), text)
