// `iii project init` and `iii project generate-docker`: the files of a project, never written over (spec 05 C.1).
import { existsSync } from 'node:fs'
import path from 'node:path'
import { defineCommand } from 'citty'
import {
  contentsOf,
  firstNames,
  readTemplate,
  scaffold,
  type Scaffolded,
  type ScaffoldFiles,
} from '../../base/files/scaffold.ts'
import { didYouMean } from '../../base/values/closest-name.ts'
import { CONFIG_FILE_NAMES, locateConfig } from '../../core/config/locate.ts'
import { asTyped } from '../command-name.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { findProject } from '../plugin-project.ts'
import { dockerFiles, PROJECT_INI, projectFiles, TEMPLATES, type ProjectTemplate } from '../project-files.ts'

const DEFAULT_PORT = 49134

const DIRECTORY_ARG = {
  directory: { type: 'string', alias: 'd', description: 'Folder of the project', valueHint: 'folder' },
} as const
const TEMPLATE_DIR_ARG = {
  'template-dir': {
    type: 'string',
    description: 'Take the files from this folder; {{project_name}} in them is replaced',
    valueHint: 'folder',
  },
} as const

const init = defineCommand({
  meta: { name: 'init', description: 'Write the files of a new project; what is there stays as it is' },
  args: {
    name: { type: 'positional', required: false, description: 'Folder of the project (Default: this one)' },
    ...DIRECTORY_ARG,
    template: {
      type: 'string',
      alias: 't',
      default: 'bare',
      description: 'bare: a configuration. quickstart: with a first plugin',
      valueHint: TEMPLATES.join('|'),
    },
    ...TEMPLATE_DIR_ARG,
    docker: { type: 'boolean', default: false, description: 'Also Dockerfile, docker-compose.yml and .env' },
    'allow-non-empty': { type: 'boolean', default: false, description: 'Into a folder that has other files, too' },
    'skip-iii': { type: 'boolean', default: false, description: 'Accepted for compatibility; nothing is installed' },
  },
  async run({ args }) {
    const folder = folderOf(args.directory ?? args.name)
    const name = path.basename(folder)
    const template = templateNamed(args.template)
    await refuseForeign(folder, args['allow-non-empty'])
    const config = locateConfig({ cwd: folder, env: {} })
    const isNamedOtherwise = config.kind === 'file' && path.basename(config.path) !== CONFIG_FILE_NAMES[0]
    const own = projectFiles(name, template, isNamedOtherwise)
    const files: ScaffoldFiles =
      args['template-dir'] === undefined
        ? own
        : new Map([...own, ...(await templateFiles(args['template-dir'], template, name)), ...marked(own)])
    const docker = args.docker ? dockerFiles(name, DEFAULT_PORT) : new Map<string, string>()
    const done = await written(folder, new Map([...files, ...docker]))
    const there = path.relative(process.cwd(), folder)
    report(done, folder)
    console.log(asTyped(`Start it:\n${there === '' ? '' : `  cd ${there}\n`}  iii start`))
    return EXIT.ok
  },
})

const generateDocker = defineCommand({
  meta: { name: 'generate-docker', description: 'Write a Dockerfile, a docker-compose.yml and an .env for a project' },
  args: { ...DIRECTORY_ARG, ...TEMPLATE_DIR_ARG },
  async run({ args }) {
    const folder = folderOf(args.directory)
    const config = locateConfig({ cwd: folder, env: {} })
    if (config.kind !== 'file') {
      throw new CommandFailure(
        `Error: there is no configuration file in ${folder}. Write one with 'iii project init --directory ${folder}', or name the project's folder with --directory.`,
      )
    }
    const name = path.basename(folder)
    const { port = DEFAULT_PORT } = findProject(config.path, process.env, folder)
    const files = new Map<string, string | Uint8Array>(dockerFiles(name, port))
    if (args['template-dir'] !== undefined) {
      const taken = await templateFiles(args['template-dir'], 'docker', name)
      for (const file of files.keys()) files.set(file, taken.get(file) ?? files.get(file)!)
    }
    report(await written(folder, files), folder)
    console.log('Run it:\n  docker compose up --build')
    return EXIT.ok
  },
})

export const project = defineCommand({
  meta: { name: 'project', description: 'Write the files of a new project, or those of a container for it' },
  subCommands: { init, 'generate-docker': generateDocker },
})

function folderOf(written: string | undefined): string {
  return path.resolve(process.cwd(), written ?? '.')
}

function templateNamed(name: string): ProjectTemplate {
  const template = TEMPLATES.find((known) => known === name)
  if (template !== undefined) return template
  throw new CommandFailure(
    `Error: there is no template '${name}'; there are ${TEMPLATES.join(' and ')}.${didYouMean(name, TEMPLATES)} Templates of your own: --template-dir FOLDER`,
  )
}

/** Of a template with several, the folder with its name; else all of it. */
async function templateFiles(
  written: string,
  template: string,
  name: string,
): Promise<Map<string, string | Uint8Array>> {
  const folder = folderOf(written)
  const own = path.join(folder, template)
  try {
    return await readTemplate(existsSync(own) ? own : folder, { project_name: name, name })
  } catch (error) {
    throw new CommandFailure(`Error: the template can't be read: ${(error as Error).message}. Nothing was written.`, {
      cause: error,
    })
  }
}

/** What makes it a project is ours, whatever the template has. */
function marked(own: ReadonlyMap<string, string>): [string, string][] {
  return [...own].filter(([name]) => name === PROJECT_INI)
}

async function refuseForeign(folder: string, isAllowed: boolean): Promise<void> {
  if (isAllowed || existsSync(path.join(folder, PROJECT_INI))) return
  const there = await contentsOf(folder).catch((error: Error) => {
    throw new CommandFailure(`Error: ${folder} can't be the folder of a project: ${error.message}`, { cause: error })
  })
  if (there.length === 0) return
  throw new CommandFailure(
    `Error: ${folder} is not empty: ${firstNames(there)}. Choose another folder, or add to it with --allow-non-empty.`,
  )
}

async function written(folder: string, files: ScaffoldFiles): Promise<Scaffolded> {
  return await scaffold(folder, files).catch((error: Error) => {
    throw new CommandFailure(`Error: the project can't be written: ${error.message}`, { cause: error })
  })
}

function report({ written: names, kept }: Scaffolded, folder: string): void {
  const place = path.relative(process.cwd(), folder) || 'this folder'
  if (names.length > 0) console.log(`Wrote ${names.join(', ')} into ${place}.`)
  if (kept.length > 0) console.log(`Kept what was there: ${kept.join(', ')}.`)
}
