// `iii completion SHELL`: the script that lets a shell complete `iii`; and `iii completion ask`, which the script asks.
import { defineCommand, type CommandDef } from 'citty'
import { didYouMean } from '../../base/values/closest-name.ts'
import type { BuiltIn } from '../../sdk/built-in.ts'
import { commandTable } from '../command-table.ts'
import { SHELLS, shellScript } from '../completion/shell-scripts.ts'
import { EXIT, UsageError } from '../exit-codes.ts'

export function completionCommand(builtIns: readonly BuiltIn[]): CommandDef<any> {
  return defineCommand({
    meta: {
      name: 'completion',
      description: 'Print the script by which a shell completes commands, options and names',
    },
    args: {
      shell: { type: 'positional', required: true, description: 'bash, zsh or fish' },
    },
    async run({ args }) {
      const [word = '', ...words] = args._
      if (word === 'ask') {
        await answer(words, builtIns)
        return EXIT.ok
      }
      const shell = SHELLS.find((known) => known === word)
      if (shell === undefined || words.length > 0) {
        const wrong = words[0] ?? word
        throw new UsageError(
          `iii completion takes one of ${SHELLS.join(', ')}, not '${wrong}'.${didYouMean(wrong, SHELLS)}`,
        )
      }
      process.stdout.write(shellScript(shell))
      return EXIT.ok
    },
  })
}

async function answer(words: readonly string[], builtIns: readonly BuiltIn[]): Promise<void> {
  const [{ complete }, { engineWords, payloadWords }] = await Promise.all([
    import('../completion/complete.ts'),
    import('../completion/engine-words.ts'),
  ])
  const { offers, directive } = await complete(words, {
    commands: commandTable(builtIns),
    ask: engineWords,
    payload: payloadWords,
  })
  const lines = offers.map(({ word, description }) => (description === '' ? word : `${word}\t${description}`))
  console.log([...lines, directive].join('\n'))
}
