// Where the files would be that a build did not find: what appears there may mend it.
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Message } from 'esbuild'
import { packageName } from './native-packages.ts'

/** npm writes it when all that it installs is in its place. */
const INSTALLED = '.package-lock.json'

/** Absolute paths; none of them need exist. @param projectRoot what places in the errors are relative to */
export function missingFiles(errors: readonly Message[], projectRoot: string): string[] {
  return errors.flatMap(({ text, location }) => {
    const wanted = /^Could not resolve "(.+)"/.exec(text)?.[1]
    if (wanted === undefined || location === null) return []
    const folder = dirname(resolve(projectRoot, location.file))
    if (/^\.{0,2}\//.test(wanted)) return [resolve(folder, wanted)]
    const name = packageName(wanted)
    return name === undefined
      ? []
      : packageFolders(folder).flatMap((each) => [join(each, name, 'package.json'), join(each, INSTALLED)])
  })
}

/** Where Node looks for packages; where there is no such folder yet, the first one that there would be. */
function packageFolders(folder: string): string[] {
  const found: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    const packages = join(at, 'node_modules')
    if (existsSync(packages) || existsSync(join(at, 'package.json'))) found.push(packages)
    if (at === dirname(at)) return found.length > 0 ? found : [join(folder, 'node_modules')]
  }
}
