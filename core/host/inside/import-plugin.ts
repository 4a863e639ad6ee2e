// Loads the module of a plugin, from its copy where that is what the module would give.
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { signatureOf } from '../../../base/files/file-signature.ts'
import type { ThreadFile } from '../containers/thread-file.ts'

/** @param file undefined: this thread was not made of it, and its copies would bring modules that are here already. */
export async function importPlugin(url: string, file: ThreadFile | undefined): Promise<unknown> {
  const copy = file?.plugins[url]
  if (copy === undefined || copy.signature !== looksOf(url)) return import(url)
  // It may be torn, as after a power cut, or have been cleared away.
  const module = await import(copy.url).then(
    (loaded: { default?: unknown }) => loaded,
    () => undefined,
  )
  return module?.default === undefined ? import(url) : module
}

function looksOf(url: string): string | undefined {
  const stats = statSync(fileURLToPath(url), { throwIfNoEntry: false })
  return stats && signatureOf(stats)
}
