// `npm run docs`: writes the generated pages of docs/reference/, and the generated tables of the other pages. Tests hold them
// against the code.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { cliReference } from './reference/cli.ts'
import { errorsReference } from './reference/errors.ts'
import { fillTables } from './reference/tables.ts'

const docs = new URL('../docs/', import.meta.url)
writeFileSync(new URL('reference/errors.md', docs), errorsReference())
writeFileSync(new URL('reference/cli.md', docs), await cliReference())
for (const path of globSync('**/*.md', { cwd: docs })) {
  const page = new URL(path, docs)
  const text = readFileSync(page, 'utf8')
  const filled = fillTables(text)
  if (filled !== text) writeFileSync(page, filled)
}
