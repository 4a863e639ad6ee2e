// What an editor needs to check plugins: a tsconfig.json beside them, and the types of the engine where they are looked for.
// Leaves alone whatever is there, and fails in silence: a plugin runs without all of it.
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface EditorFilesPlace {
  /** Both absolute. */
  readonly pluginsDir: string
  readonly projectRoot: string
  /** Folder of the engine's package, or any folder below it. */
  readonly engineRoot: string
}

export interface EditorFiles {
  /** Absolute path of the tsconfig.json, if it was written. */
  readonly tsconfig: string | undefined
  /** What else may be done, in sentences. */
  readonly advice: readonly string[]
}

const PACKAGE = 'iii-host'
const NODE_TYPES = '@types/node'

export function writeEditorFiles(place: EditorFilesPlace): EditorFiles {
  const { pluginsDir } = place
  if (isInCheckout(place)) return { tsconfig: undefined, advice: [] }
  const advice: string[] = []
  if (!isInstalled(PACKAGE, pluginsDir)) {
    const link = linkTypes(place)
    const how = link === undefined ? 'are not found' : `come from the engine that runs this, by ${link}`
    advice.push(`The types of ${PACKAGE} ${how}; to make them part of the project: npm install --save-dev ${PACKAGE}`)
  }
  const hasNodeTypes = isInstalled(NODE_TYPES, pluginsDir)
  const tsconfig = writeTsconfig(pluginsDir, hasNodeTypes)
  if (tsconfig !== undefined && !hasNodeTypes)
    advice.push(
      `For the types of Node's own modules: npm install --save-dev ${NODE_TYPES}, and "types": ["node"] in ${path.basename(tsconfig)}`,
    )
  return { tsconfig, advice }
}

function writeTsconfig(pluginsDir: string, hasNodeTypes: boolean): string | undefined {
  if (['tsconfig.json', 'jsconfig.json'].some((name) => existsSync(path.join(pluginsDir, name)))) return undefined
  const file = path.join(pluginsDir, 'tsconfig.json')
  try {
    writeFileSync(file, tsconfigText(hasNodeTypes), { flag: 'wx' })
    return file
  } catch {
    return undefined
  }
}

/** Plugins become one bundle: what they import need not look as Node alone would have it. */
export function tsconfigText(hasNodeTypes: boolean): string {
  // Without the types of Node, those of browsers know `console`, `fetch` and the like.
  const known = hasNodeTypes ? `"lib": ["esnext"],\n    "types": ["node"],` : `"lib": ["esnext", "dom"],`
  return `{
  // For editors, and for tsc -p of this folder. The engine reads nothing of it but "paths".
  "compilerOptions": {
    "target": "esnext",
    "module": "preserve",
    "moduleResolution": "bundler",
    ${known}
    "strict": true,
    "allowJs": true,
    "allowImportingTsExtensions": true,
    "isolatedModules": true,
    "resolveJsonModule": true,
    "skipLibCheck": true,
    "noEmit": true
  }
}
`
}

/** @returns path of the link, relative to the project; undefined when there is none */
function linkTypes({ pluginsDir, projectRoot, engineRoot }: EditorFilesPlace): string | undefined {
  const target = packageFolder(engineRoot)
  // A checkout has compiled types once it was built.
  if (target === undefined || !existsSync(path.join(target, 'dist', 'plugin.d.ts'))) return undefined
  const isInside = !path.relative(projectRoot, pluginsDir).startsWith('..')
  // Where npm would put the package, and puts it over the link.
  const link = path.join(isInside ? projectRoot : path.dirname(pluginsDir), 'node_modules', PACKAGE)
  try {
    mkdirSync(path.dirname(link), { recursive: true })
    // It leads to an engine that is not there any more.
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(link)
    symlinkSync(target, link, 'junction')
    return path.relative(projectRoot, link)
  } catch {
    return undefined
  }
}

/** The tsconfig.json of the engine's own sources knows its types, and is the one of plugins that lie among them. */
function isInCheckout({ pluginsDir, engineRoot }: EditorFilesPlace): boolean {
  const folder = packageFolder(engineRoot)
  if (folder === undefined || !existsSync(path.join(folder, 'tsconfig.json'))) return false
  return !path.relative(folder, pluginsDir).startsWith('..')
}

function packageFolder(engineRoot: string): string | undefined {
  for (let folder = engineRoot; ; folder = path.dirname(folder)) {
    if (nameIn(path.join(folder, 'package.json')) === PACKAGE) return folder
    if (folder === path.dirname(folder)) return undefined
  }
}

function nameIn(manifest: string): unknown {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name
  } catch {
    return undefined
  }
}

function isInstalled(name: string, from: string): boolean {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'node_modules', name, 'package.json'))) return true
    if (folder === path.dirname(folder)) return false
  }
}
