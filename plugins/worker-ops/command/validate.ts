// `iii worker validate`: is the manifest of a folder right? Nothing is installed.
import path from 'node:path'
import { defineCommand, type CommandDef } from 'citty'
import type { CommandTools } from '../../../sdk/built-in.ts'
import { JSON_ARG } from './arguments.ts'
import { shownFailure } from './operation-failure.ts'
import { inProcess } from './in-process.ts'

interface Report {
  readonly valid: boolean
  readonly name: string | null
  readonly errors: readonly string[]
  readonly unknown_keys: readonly string[]
  readonly deprecated_keys: readonly string[]
  readonly warnings: readonly string[]
}

export function validate(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'validate', description: 'Say whether the iii.worker.yaml of a folder is right; exit code 1 if not' },
    args: {
      path: { type: 'positional', required: false, description: 'Folder of the worker (Default: this one)' },
      ...JSON_ARG,
    },
    async run({ args }) {
      const folder = path.resolve(tools.cwd, args.path ?? '.')
      const project = { configFile: undefined, root: tools.cwd, address: undefined, block: () => ({}) }
      let report: Report
      try {
        report = (await inProcess(tools, project)('worker::validate', { path: folder })) as Report
      } catch (error) {
        throw shownFailure(tools, error)
      }
      if (args.json) tools.print(JSON.stringify(report, null, 2))
      else for (const line of linesOf(report)) tools.print(line)
      return report.valid ? 0 : 1
    },
  })
}

function linesOf({ valid, name, errors, unknown_keys, deprecated_keys, warnings }: Report): string[] {
  return [
    ...errors.map((text) => `error: ${text}`),
    ...unknown_keys.map((key) => `error: unknown key '${key}'`),
    ...deprecated_keys.map((key) => `warning: '${key}' is deprecated`),
    ...warnings.map((text) => `warning: ${text}`),
    `${name ?? 'The manifest'} is ${valid ? 'valid' : 'not valid'}.`,
  ]
}
