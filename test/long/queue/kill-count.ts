// How often something is killed: a run of every day is short, `III_KILLS=50` is what a release is held to.

/** @param usual where the environment names no number */
export function killCount(usual: number): number {
  const text = process.env['III_KILLS']
  if (text === undefined || text === '') return usual
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw new Error(`III_KILLS is '${text}', which is no number of kills: set a positive integer, or leave it out.`)
}
