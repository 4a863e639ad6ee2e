// Code as iii's own documents show it, with nothing changed but the names of the packages, made into a module that a test can import.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { ROOT } from '../../repository/source-files.ts'
import { tempFolder } from '../../support/temp-folder.ts'

export const DOCUMENTED = path.join(ROOT, 'test/fixtures/documented')

const RENAMED = [
  [/(['"])iii-sdk(?=['"/])/g, '$1iii-host/sdk'],
  [/(['"])iii-browser-sdk(?=['"/])/g, '$1iii-host/browser'],
] as const
/** Where the names of the package lead in a checkout, which is not built. */
const SOURCES: Readonly<Record<string, string>> = {
  'iii-host/sdk': 'sdk/node.ts',
  'iii-host/sdk/stream': 'sdk/stream.ts',
  'iii-host/browser': 'sdk/browser.ts',
  'iii-host/browser/stream': 'sdk/stream.ts',
}

export function renamed(code: string): string {
  return RENAMED.reduce((text, [name, ours]) => text.replace(name, ours), code)
}

/** @param entry code of a module in the folder of documented code @param change made to every file besides the names */
export async function importDocumented(entry: string, change: (code: string) => string = (code) => code): Promise<any> {
  const { outputFiles } = await build({
    stdin: { contents: change(renamed(entry)), resolveDir: DOCUMENTED, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // The package says of itself that its modules do nothing when they are loaded; these do.
    ignoreAnnotations: true,
    plugins: [
      {
        name: 'documented',
        setup(hooks) {
          hooks.onResolve({ filter: /^react$/ }, () => ({ path: path.join(DOCUMENTED, 'tiny-react.ts') }))
          hooks.onResolve({ filter: /^iii-host\// }, ({ path: name }) => {
            const source = SOURCES[name]
            if (source === undefined) return { errors: [{ text: `${name} is no name of the package` }] }
            return { path: pathToFileURL(path.join(ROOT, source)).href, external: true }
          })
          hooks.onLoad({ filter: /documented.*\.ts$/ }, ({ path: file }) => {
            return { contents: change(renamed(readFileSync(file, 'utf8'))), loader: 'ts' }
          })
        },
      },
    ],
  })
  const file = path.join(tempFolder(), 'documented.mjs')
  writeFileSync(file, outputFiles[0]!.text)
  return import(pathToFileURL(file).href)
}
