// Checks 1–26 of spec 02 as cases over an abstract connection: the same cases run over a plugin alone and over a whole engine.
// Every case uses scopes of its own, so a store may be shared; what must be empty at the start is asked for as a name.
import { functionCases } from './function-cases.ts'
import type { StateRun, StateTraits } from './state-run.ts'
import { triggerCases } from './trigger-cases.ts'
import { updateCases } from './update-cases.ts'

/** `open` gives a running plugin with default settings and sees to its end. */
export function stateCases(name: string, open: () => Promise<StateRun>, traits: StateTraits = { ordered: true }): void {
  functionCases(name, open, traits)
  updateCases(name, open)
  triggerCases(name, open)
}
