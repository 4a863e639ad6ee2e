// What the CLI may assume about the stream it writes to: colours and width only on a terminal.
import picocolors from 'picocolors'

export type Paint = ReturnType<typeof picocolors.createColors>

export interface Terminal {
  readonly isTTY: boolean
  readonly columns: number
  readonly paint: Paint
}

/** Colours on a terminal only, and not where NO_COLOR is set (https://no-color.org) or the terminal is `dumb`. */
export function terminalOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): Terminal {
  const isTTY = stream.isTTY === true
  const colours = isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return { isTTY, columns: isTTY ? stream.columns : Number.POSITIVE_INFINITY, paint: picocolors.createColors(colours) }
}
