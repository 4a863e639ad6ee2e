// The error that ends a start, or refuses a reload, because of the configuration. It lists every problem at once,
// each with its place, so that a file is mended in one go.

export interface ConfigProblem {
  readonly message: string
  /** Absolute path; null for the embedded default. */
  readonly file: string | null
  /** Line in the file, from 1. */
  readonly line?: number
  readonly column?: number
  /** What to do about it. */
  readonly remedy?: string
}

/** `message` names each place and what is wrong there; `remedy` says what to do. Neither needs a stack trace beside it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(heading: string, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(composeMessage(heading, problems), options)
    this.problems = problems
  }

  /** One line per remedy; where there are several, each begins with the line that it is for. */
  get remedy(): string | undefined {
    const several = new Set(this.problems.map(({ remedy }) => remedy)).size > 1
    const remedies = this.problems.flatMap(({ remedy, line }) => {
      if (remedy === undefined) return []
      return several && line !== undefined ? `line ${line}: ${remedy}` : remedy
    })
    return remedies.length === 0 ? undefined : [...new Set(remedies)].join('\n')
  }
}

/** An error whose only problem is its message: nothing inside the file is to blame. */
export function fileError(file: string, message: string, remedy?: string, cause?: unknown): ConfigError {
  const problem = { file, message, ...(remedy === undefined ? {} : { remedy }) }
  return new ConfigError('', [problem], cause === undefined ? undefined : { cause })
}

function composeMessage(heading: string, problems: readonly ConfigProblem[]): string {
  const lines = problems.map((problem) => placed(problem))
  if (heading === '') return lines.join('\n')
  return lines.length === 1 ? `${heading}: ${lines[0]}` : `${heading}:\n${lines.map((line) => `  ${line}`).join('\n')}`
}

function placed({ file, line, column, message }: ConfigProblem): string {
  if (file === null || line === undefined) return message
  return column === undefined ? `${file}:${line}: ${message}` : `${file}:${line}:${column}: ${message}`
}
