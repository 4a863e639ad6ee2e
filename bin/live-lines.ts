// Lines of a terminal that are written over by those that come: the state of something that goes on.
import { oneLine } from '../base/values/one-line.ts'
import type { LiveLines } from '../sdk/built-in.ts'
import { terminalOf } from './terminal.ts'

const UNSAID_COLUMNS = 80

/** undefined where the stream is no terminal. */
export function liveLines(stream: NodeJS.WriteStream): LiveLines | undefined {
  if (!terminalOf(stream).isTTY || process.env['TERM'] === 'dumb') return undefined
  let shown = 0
  return {
    show(lines) {
      // A line that wraps would be two, of which only one is written over. A terminal without a size says 0.
      const width = (stream.columns || UNSAID_COLUMNS) - 1
      const fitting = lines.map((line) => {
        const text = oneLine(line)
        return text.length > width ? `${text.slice(0, width - 1)}…` : text
      })
      const back = shown === 0 ? '' : `\u001b[${shown}A\r\u001b[J`
      stream.write(`${back}${fitting.map((line) => `${line}\n`).join('')}`)
      shown = fitting.length
    },
    end() {
      shown = 0
    },
  }
}
