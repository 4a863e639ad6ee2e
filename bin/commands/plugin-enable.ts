// `iii plugin enable NAME`: prints the lines that enable a plugin, and writes them into the configuration file with `--write`.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { defineCommand, type CommandDef } from 'citty'
import { writeWhole } from '../../base/files/atomic-file.ts'
import type { WorkerNames } from '../../core/config/worker-names.ts'
import { asTyped } from '../command-name.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { CONNECTION_ARGS, connectionFrom } from '../connection-options.ts'
import { enablePlugin } from '../enable-plugin.ts'
import { entryLines } from '../entry-lines.ts'
import { refuseBuiltInName, REPLACE_ARG } from '../plugin-names.ts'
import { takenUp } from '../plugin-taken-up.ts'
import { findProject, type PluginProject } from '../plugin-project.ts'

export function pluginEnable(names: WorkerNames): CommandDef<any> {
  return defineCommand({
    meta: { name: 'enable', description: 'Show the lines that enable a plugin, or write them' },
    args: {
      name: { type: 'positional', required: true, description: 'Name of the plugin' },
      write: { type: 'boolean', description: 'Write them into the configuration file', default: false },
      ...REPLACE_ARG,
      config: { type: 'string', alias: 'c', description: 'Configuration file of the project', valueHint: 'file' },
      ...CONNECTION_ARGS,
    },
    async run({ args }) {
      const { name } = args
      const project = findProject(args.config)
      const { at } = connectionFrom({ ...args, port: args.port ?? portOf(project, args.address) })
      if (isThere(project, name)) {
        refuseBuiltInName(names, name, { replace: args.replace, command: 'iii plugin enable' })
      } else if (!names.isProvided(names.canonicalName(name))) {
        console.error(
          asTyped(`Note: there is no plugin '${name}' in ${project.pluginsDir}; 'iii plugin new ${name}' writes one.`),
        )
      }
      if (!args.write) {
        console.log(`# in ${project.configFile ?? 'iii-config.yaml'}:\nworkers:\n${entryLines(name).trimEnd()}`)
        return EXIT.ok
      }
      if (project.configFile === undefined) {
        throw new CommandFailure(
          `Error: there is no configuration file in ${project.root}; 'iii start' writes one, or name it with --config.`,
        )
      }
      const text = readFileSync(project.configFile, 'utf8')
      // Where a plugin has the name, an entry by another name of the worker is another's.
      const isSame = (written: string): boolean =>
        written === name || (!isThere(project, name) && names.canonicalName(written) === names.canonicalName(name))
      const enabling = enablePlugin(text, { name, isSame }, project.configFile)
      if (enabling.outcome === 'already') {
        console.log(`${name} is enabled already in ${project.configFile}.`)
        return EXIT.ok
      }
      await replaceFile(project.configFile, enabling.text)
      console.log(`${name} is enabled in ${project.configFile}.`)
      console.log(await takenUp(isThere(project, name) ? name : names.canonicalName(name), at))
      return EXIT.ok
    },
  })
}

/** Where the engine of this project listens, unless the user or III_URL says where it is. */
function portOf({ port }: PluginProject, address: string | undefined): string | undefined {
  return address !== undefined || process.env['III_URL'] || port === undefined ? undefined : String(port)
}

function isThere(project: PluginProject, name: string): boolean {
  return ['', '.ts', '.js', '.mjs'].some((ending) => existsSync(path.join(project.pluginsDir, name + ending)))
}

/** In one step: an engine that watches the file must never read half of it. */
async function replaceFile(file: string, text: string): Promise<void> {
  await writeWhole(file, text).catch((error: Error) => {
    throw new CommandFailure(`Error: ${file} can't be written: ${error.message}`, { cause: error })
  })
}
