// Loads the module of a plugin, from its copy where that is what the module would give.
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { signatureOf } from '../../../base/files/file-signature.ts'
import type { ThreadFile } from '../containers/thread-file.ts'

/** @param file undefined: this thread was not made of it, and its copies would bring modules that are here already. */
export async function importPlugin(url: string, file: ThreadFile | undefined): Promise<unknown> {
  const signature = file?.plugins[url]
  if (file === undefined || signature === undefined || signature !== looksOf(url)) return import(url)
  // It may be torn, as after a power cut, or have been cleared away.
  const module = await import(file.builtIns).then(({ plugins }: BuiltIns) => plugins?.[url]?.()).catch(() => undefined)
  return module?.default === undefined ? import(url) : module
}

interface BuiltIns {
  readonly plugins?: Readonly<Record<string, () => Promise<{ readonly default?: unknown }>>>
}

function looksOf(url: string): string | undefined {
  const stats = statSync(fileURLToPath(url), { throwIfNoEntry: false })
  return stats && signatureOf(stats)
}
