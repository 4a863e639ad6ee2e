// Finds the files of child processes beside the importing one: `.ts` where the sources run, `.js` in the compiled package.
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `siblingFile(import.meta.url, './main')` → absolute path of `main.ts` or `main.js`. */
export function siblingFile(importer: string, name: string): string {
  return fileURLToPath(new URL(name + extname(new URL(importer).pathname), importer))
}
