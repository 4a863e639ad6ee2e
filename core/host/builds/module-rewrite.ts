// Makes a module mean the same inside a bundle as at its own place: `import.meta.url` and `__dirname` name the source file.
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

const META = /\bimport\.meta\.(url|dirname|filename)\b/g
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
    const values: Record<string, string> = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path }
    for (const member of used) declarations.push(`var __iii_meta_${member} = ${JSON.stringify(values[member])};`)
  }
  if (DIRNAME.test(source) && !DECLARES_DIRNAME.test(source)) {
    declarations.push(`var __dirname = ${JSON.stringify(dirname(path))}, __filename = ${JSON.stringify(path)};`)
  }
  if (declarations.length === 0) return source
  const hashbang = source.startsWith('#!') ? source.slice(0, source.indexOf('\n') + 1) : ''
  return `${hashbang}${declarations.join(' ')} ${source.slice(hashbang.length)}`
}
