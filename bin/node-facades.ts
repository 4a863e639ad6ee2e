// Modules of Node in files that are compiled for a quick start: taken from Node as they are, without the modules that imports make of them.
import type { Plugin } from 'esbuild'
import { isBuiltin } from 'node:module'

/** What they are marked with, until `withoutFacades`. */
const MARK = 'iii-built-in:'
/** Before it there may be an `import.meta` or an `import(…)` without a quotation mark or a semicolon in between. */
const MARKED_IMPORT = new RegExp(`\\bimport\\b([\\s\\w$*,{}]+)from\\s*"${MARK}([^"]+)";`, 'g')

export const nodeModules: Plugin = {
  name: 'node-modules',
  setup(hooks) {
    hooks.onResolve({ filter: /./ }, ({ path: wanted, kind }) =>
      kind === 'import-statement' && isBuiltin(wanted) ? { path: MARK + wanted, external: true } : undefined,
    )
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
  return taken.join('') + rest
}
