import { defineCommand } from 'citty'
import type { CommandTools } from '../../../../sdk/built-in.ts'

export default ({ connectionArgs, call, printTable }: CommandTools) =>
  defineCommand({
    meta: { name: 'tally', description: 'Add to the tally' },
    args: { by: { type: 'string', default: '1', description: 'How much' }, ...connectionArgs },
    async run({ args }) {
      const { tally } = (await call(args, 'tally::add', { by: Number(args['by']) })) as { tally: number }
      printTable([{ TALLY: String(tally), ADDED: String(args['by']) }])
      return 0
    },
  })
