// `iii plugin new NAME`: writes a first plugin into the plugins folder of the project. Never overwrites.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { defineCommand, type CommandDef } from 'citty'
import type { WorkerNames } from '../../core/config/worker-names.ts'
import { enginePlace } from '../../core/engine-place.ts'
import { PLUGIN_NAME } from '../../core/host/table/plugin-source.ts'
import { asTyped } from '../command-name.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { refuseBuiltInName, REPLACE_ARG } from '../plugin-names.ts'
import { findProject } from '../plugin-project.ts'
import { writeEditorFiles } from '../editor-files.ts'
import { pluginTemplate } from '../plugin-template.ts'

export function pluginNew(names: WorkerNames): CommandDef<any> {
  return defineCommand({
    meta: { name: 'new', description: 'Write a first plugin into the plugins folder' },
    args: {
      name: {
        type: 'positional',
        required: true,
        description: 'Name of the plugin: a lower-case letter, then letters, digits and dashes',
      },
      ...REPLACE_ARG,
      config: { type: 'string', alias: 'c', description: 'Configuration file of the project', valueHint: 'file' },
    },
    run({ args }) {
      const { name } = args
      if (!PLUGIN_NAME.test(name)) {
        throw new CommandFailure(
          `Error: '${name}' can't be the name of a plugin: use a lower-case letter, then up to 63 lower-case letters, digits or dashes.`,
        )
      }
      refuseBuiltInName(names, name, { replace: args.replace, command: 'iii plugin new' })
      const { pluginsDir, root } = findProject(args.config)
      const taken = ['.ts', '.js', '.mjs', '']
        .map((ending) => path.join(pluginsDir, name + ending))
        .find((file) => existsSync(file))
      if (taken !== undefined) throw new CommandFailure(`Error: ${shown(taken)} exists already; nothing was written.`)
      const file = path.join(pluginsDir, `${name}.ts`)
      try {
        mkdirSync(pluginsDir, { recursive: true })
        writeFileSync(file, pluginTemplate(name), { flag: 'wx' })
      } catch (error) {
        throw new CommandFailure(
          `Error: ${file} can't be written: ${(error as Error).message}\nMake the folder writable, or set plugins_dir in the configuration file.`,
          { cause: error },
        )
      }
      const { tsconfig, advice } = writeEditorFiles({ pluginsDir, projectRoot: root, engineRoot: enginePlace().root })
      console.log(
        asTyped(
          [
            `Wrote ${shown(file)}${tsconfig === undefined ? '' : `, and ${shown(tsconfig)} for your editor`}.`,
            ...advice,
            'Enable it in the configuration file; a running engine takes it up at once:',
            `  iii plugin enable ${name} --write${args.replace ? ' --replace' : ''}`,
            'Then call it:',
            `  iii trigger ${name}::greet name=World`,
          ].join('\n'),
        ),
      )
      return EXIT.ok
    },
  })
}

function shown(file: string): string {
  return path.relative(process.cwd(), file) || file
}
