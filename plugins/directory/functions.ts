// The functions of `iii-directory`.
import type { FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import { registerEngineAliases } from './engine-aliases.ts'
import { registerRegistryFunctions } from './registry/functions.ts'
import { registerSearch, type SearchContext } from './search/functions.ts'

export type DirectoryFunctionsContext = SearchContext

export function registerDirectoryFunctions(iii: FunctionRegistrar, context: DirectoryFunctionsContext): void {
  registerRegistryFunctions(iii, context.place)
  registerSearch(iii, context)
  registerEngineAliases(iii, context)
}
