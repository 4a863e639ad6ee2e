// A Dockerfile as its instructions, as far as ours uses them.

export interface Instruction {
  /** In capitals: `RUN`. */
  readonly name: string
  /** What follows, in one line. */
  readonly text: string
}

export interface Stage {
  readonly name: string
  readonly image: string
  readonly instructions: readonly Instruction[]
}

export function stagesOf(dockerfile: string): Stage[] {
  const stages: { name: string; image: string; instructions: Instruction[] }[] = []
  for (const { name, text } of instructionsIn(dockerfile)) {
    if (name === 'FROM') {
      const [image = '', , as = `${stages.length}`] = text.split(/\s+/)
      stages.push({ name: as, image, instructions: [] })
      continue
    }
    const stage = stages.at(-1)
    if (stage === undefined) throw new Error(`${name} before the first FROM`)
    stage.instructions.push({ name, text })
  }
  return stages
}

/** The words of the JSON form of CMD and ENTRYPOINT; the other one would start a shell that passes no signal on. */
export function wordsOf({ text }: Instruction): string[] {
  return JSON.parse(text) as string[]
}

/** `KEY=value KEY=value`. */
export function variablesOf(instructions: readonly Instruction[]): Record<string, string> {
  const pairs = instructions.filter(({ name }) => name === 'ENV').flatMap(({ text }) => text.split(/\s+/))
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

function instructionsIn(dockerfile: string): Instruction[] {
  const lines = dockerfile.replace(/^\s*#.*\n/gm, '').replace(/\\\n/g, ' ')
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', text = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? []
      return { name: name.toUpperCase(), text: text.trim() }
    })
}
