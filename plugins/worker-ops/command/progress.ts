// Shows how an operation gets on: on a terminal one line that changes, elsewhere a line for each stage.
import type { CommandTools, LiveLines } from '../../../sdk/built-in.ts'
import type { WorkerEvent } from '../events.ts'

/** What is told of a stage; the others are told by the result. */
const WORDS: Readonly<Partial<Record<WorkerEvent['stage'], string>>> = {
  started: 'under way',
  downloading: 'downloading',
  downloaded: 'installed, to be started',
  removing: 'removing',
  updating: 'updating',
  starting: 'starting',
  stopping: 'stopping',
  clearing: 'clearing',
}

export class Progress {
  readonly #tools: CommandTools
  readonly #live: LiveLines | undefined
  #last = ''

  constructor(tools: CommandTools) {
    this.#tools = tools
    this.#live = tools.live('stderr')
  }

  event({ worker, stage, progress }: WorkerEvent): void {
    const word = WORDS[stage]
    if (word === undefined) return
    const text = `${worker}: ${word}`
    if (this.#live !== undefined) {
      this.#live.show([progress === undefined ? text : `${text} ${Math.round(progress * 100)} %`])
    } else if (text !== this.#last) {
      this.#tools.note(text)
    }
    this.#last = text
  }

  /** The result takes its place. */
  end(): void {
    this.#live?.show([])
    this.#live?.end()
  }
}
