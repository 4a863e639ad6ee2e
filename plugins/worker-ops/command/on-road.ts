// Runs what a command does where it belongs, and turns the errors of operations into what the user reads.
import type { CommandTools } from '../../../sdk/built-in.ts'
import type { Args } from './arguments.ts'
import { shownFailure } from './operation-failure.ts'
import { findRoad, type Road } from './road.ts'

/** The exit code is the answer. */
export async function onRoad(tools: CommandTools, args: Args, run: (road: Road) => Promise<number>): Promise<number> {
  let road: Road | undefined
  try {
    road = await findRoad(tools, args)
    return await run(road)
  } catch (error) {
    throw shownFailure(tools, error)
  } finally {
    road?.close()
  }
}
