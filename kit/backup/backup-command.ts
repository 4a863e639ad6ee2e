// `iii <worker> backup FILE`: asks the engine for a copy and shows how far it is.
import { resolve } from 'node:path'
import { defineCommand, type CommandDef } from 'citty'
import type { CommandTools } from '../../sdk/built-in.ts'
import type { BackupState } from './backups.ts'

export interface BackupCommandOptions {
  /** Name of the command: `state`. */
  readonly name: string
  readonly description: string
  /** What is copied: `all values`. */
  readonly content: string
  readonly functionId: string
}

/** How often a copy that takes longer is asked for. */
const ASK_EVERY_MS = 1_000

export function backupCommand(options: BackupCommandOptions): (tools: CommandTools) => CommandDef<any> {
  const { name, description, content, functionId } = options
  return ({ connectionArgs, call, print }) =>
    defineCommand({
      meta: { name: `iii ${name}`, description },
      subCommands: {
        backup: defineCommand({
          meta: {
            name: 'backup',
            description: `Copy ${content} into a new file, on the machine of the engine and while it runs`,
          },
          args: {
            file: { type: 'positional', required: true, description: 'A file that does not exist' },
            ...connectionArgs,
          },
          async run({ args }) {
            const input = { file: resolve(String(args['file'])), wait_ms: ASK_EVERY_MS }
            const ask = async (): Promise<BackupState> => (await call(args, functionId, input)) as BackupState
            let made = await ask()
            for (; made.state === 'running'; made = await ask()) print(`${Math.floor(made.progress * 100)} %`)
            print(`${made.file}: ${made.bytes} bytes in ${(made.ms / 1_000).toFixed(1)} s`)
            return 0
          },
        }),
      },
    })
}
