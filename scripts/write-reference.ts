// `npm run docs`: writes the generated pages of docs/reference/. Tests hold the pages against the code.
import { writeFileSync } from 'node:fs'
import { cliReference } from './reference/cli.ts'
import { errorsReference } from './reference/errors.ts'

const folder = new URL('../docs/reference/', import.meta.url)
writeFileSync(new URL('errors.md', folder), errorsReference())
writeFileSync(new URL('cli.md', folder), await cliReference())
