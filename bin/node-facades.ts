// Modules of Node in files that are compiled for a quick start: taken from Node as they are, without the modules that imports make of them, and some
// of them late (docs/decisions/2026-12-01-late-modules-of-node.md).
import type { Plugin } from 'esbuild'
import { isBuiltin } from 'node:module'

/** What they are marked with, until `withoutFacades`. */
const MARK = 'iii-built-in:'
/** Before it there may be an `import.meta` or an `import(…)` without a quotation mark or a semicolon in between. */
const MARKED_IMPORT = new RegExp(`\\bimport\\b([\\s\\w$*,{}]+)from\\s*"${MARK}([^"]+)";`, 'g')

/**
 * Modules that the packages ask for where they begin and read in some of their functions only: each loads others of Node's own, and no start
 * needs them.
 */
const LATE = /^(?:node:)?(assert|https|tls|zlib)$/
/** What they are marked with. */
const LATE_MARK = 'iii-late:'
/** The place of the call stays what it is, for the stacks. */
const LATE_REQUIRE = new RegExp(`\\b__require\\((\\s*)"${LATE_MARK}([^"]+)"\\)`, 'g')
/**
 * The module itself for whoever calls it or reads one of its members; loaded then. What esbuild asks of each module before that, whether it was made of
 * an ES module, is true of none of them.
 */
const LATE_MODULE =
  'var __iiiLate=(name)=>new Proxy(()=>{},{' +
  "get:(_,key)=>key==='__esModule'?undefined:process.getBuiltinModule(name)[key]," +
  'apply:(_,self,args)=>process.getBuiltinModule(name)(...args)});'

export const nodeModules: Plugin = {
  name: 'node-modules',
  setup(hooks) {
    hooks.onResolve({ filter: /./ }, ({ path: wanted, kind }) => {
      if (!isBuiltin(wanted)) return undefined
      if (kind === 'import-statement') return { path: MARK + wanted, external: true }
      const late = kind === 'require-call' && LATE.exec(wanted)
      return late ? { path: LATE_MARK + late[1], external: true } : undefined
    })
  },
}

/**
 * An import of a module of Node's own makes a module of it that reads every property, and so loads what only comes with some of them. Taken
 * from the object itself it does not. All stand on the first line, before whatever uses them; whatever stands on others keeps its place.
 */
export function withoutFacades(code: string): string {
  const taken: string[] = []
  const rest = code.replace(MARKED_IMPORT, (statement, clause: string, name: string) => {
    const { own, named } = /^(?<own>(?:\* ?as )?[\w$]+)?(?:, ?)?(?<named>\{[^}]*\})?$/.exec(
      clause.replace(/\s+/g, ' ').trim(),
    )!.groups!
    const from = `process.getBuiltinModule(${JSON.stringify(name)})`
    if (own !== undefined) taken.push(`var ${own.replace(/^\* ?as /, '')}=${from};`)
    if (named !== undefined) taken.push(`var ${named.replaceAll(' as ', ':')}=${from};`)
    return statement.replace(/./g, ' ')
  })
  return taken.join('') + lateModules(rest)
}

function lateModules(code: string): string {
  const late = code.replace(LATE_REQUIRE, (_, space: string, name: string) => {
    const mark = ' '.repeat(LATE_MARK.length)
    return `__iiiLate(${space}"${name}"${mark})`
  })
  const left = late.indexOf(LATE_MARK)
  if (left !== -1)
    throw new Error(`A module of Node is asked for in an unknown way: ${late.slice(Math.max(0, left - 40), left + 40)}`)
  return late === code ? code : LATE_MODULE + late
}
