// Whether a plugin of the user's may have several entries, as far as its code tells without being run.
import { build } from 'esbuild'

/** False only where the definition is in the plugin's own code and that never says `repeatable`; the start has the last word. */
export async function mayRepeat(entryFile: string): Promise<boolean> {
  const bundle = await build({
    entryPoints: [entryFile],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
  }).catch(() => undefined)
  const text = bundle?.outputFiles.map((file) => file.text).join('\n')
  return text === undefined || !/\bdefinePlugin\b/.test(text) || /\brepeatable\b/.test(text)
}
