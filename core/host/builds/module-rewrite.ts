// Makes a module mean the same inside a bundle as at its own place: `import.meta.url` and `__dirname` name the source file, and
// `import.meta.resolve` and `require.resolve` look from there.
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

const META = /\bimport\.meta\.(url|dirname|filename|resolve)\b/g
const REQUIRE_RESOLVE = /(?<![\w$.])require\.resolve\b/g
const DIRNAME = /\b__(dirname|filename)\b/
const DECLARES_DIRNAME = /\b(?:const|let|var)\s+(?:\{[^}]*)?__(?:dirname|filename)\b/

/** Declarations go in front of the first line, so that line numbers in messages stay true. */
export function keepOwnPlace(path: string, source: string): string {
  const declarations: string[] = []
  if (source.includes('import.meta')) {
    const used = new Set<string>()
    source = source.replace(META, (_match, member: string) => {
      used.add(member)
      return `__iii_meta_${member}`
    })
    const values: Record<string, string> = {
      url: JSON.stringify(pathToFileURL(path).href),
      dirname: JSON.stringify(dirname(path)),
      filename: JSON.stringify(path),
      resolve: resolveFrom(path),
    }
    for (const member of used) declarations.push(`var __iii_meta_${member} = ${values[member]};`)
  }
  if (source.includes('require.resolve')) {
    source = source.replace(REQUIRE_RESOLVE, '__iii_require.resolve')
    declarations.push(`var __iii_require = ${requireOf(path)};`)
  }
  if (DIRNAME.test(source) && !DECLARES_DIRNAME.test(source)) {
    declarations.push(`var __dirname = ${JSON.stringify(dirname(path))}, __filename = ${JSON.stringify(path)};`)
  }
  if (declarations.length === 0) return source
  const hashbang = source.startsWith('#!') ? source.slice(0, source.indexOf('\n') + 1) : ''
  return `${hashbang}${declarations.join(' ')} ${source.slice(hashbang.length)}`
}

function requireOf(path: string): string {
  return `process.getBuiltinModule('node:module').createRequire(${JSON.stringify(pathToFileURL(path).href)})`
}

/** By the rules of `require`, which differ where a package has a face of its own for it. A path need not exist, as there. */
function resolveFrom(path: string): string {
  const url = JSON.stringify(pathToFileURL(path).href)
  return (
    `(to) => /^(?:\\.{0,2}\\/|[a-z]{2,}:)/.test(to) ? new URL(to, ${url}).href : ` +
    `process.getBuiltinModule('node:module').isBuiltin(to) ? 'node:' + to : ` +
    `process.getBuiltinModule('node:url').pathToFileURL(${requireOf(path)}.resolve(to)).href`
  )
}
