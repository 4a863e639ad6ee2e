// `iii worker init`: writes a worker that runs as it stands; what is there stays as it is.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { defineCommand, type CommandDef } from 'citty'
import { contentsOf, firstNames, readTemplate, scaffold } from '../../../base/files/scaffold.ts'
import { didYouMean } from '../../../base/values/closest-name.ts'
import type { CommandTools } from '../../../sdk/built-in.ts'
import { LANGUAGES, workerFiles, workerIni, type Language } from '../templates/worker-template.ts'
import { nameProblem } from '../worker-name.ts'

/** What marks a folder as a worker that was written so. */
const WORKER_INI = '.iii/worker.ini'
const OTHER_WORDS: Readonly<Record<string, Language>> = {
  typescript: 'ts',
  javascript: 'js',
  python: 'py',
  rs: 'rust',
}

export function init(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'init', description: 'Write a worker that runs as it stands' },
    args: {
      name: { type: 'positional', required: false, description: 'Its name, and its folder (Default: this folder)' },
      directory: { type: 'string', alias: 'd', description: 'Another folder for it', valueHint: 'folder' },
      language: {
        type: 'string',
        alias: 'l',
        description: 'Language of the worker (Default: that of the worker in this folder, else ts)',
        valueHint: LANGUAGES.join('|'),
      },
      'template-dir': {
        type: 'string',
        description: 'Take the files from this folder; {{name}} in them is replaced',
        valueHint: 'folder',
      },
      'allow-non-empty': { type: 'boolean', default: false, description: 'Into a folder that has other files, too' },
      'skip-iii': { type: 'boolean', default: false, description: 'Accepted for compatibility; nothing is installed' },
    },
    async run({ args }) {
      const folder = path.resolve(tools.cwd, args.directory ?? args.name ?? '.')
      const name = args.name === undefined ? path.basename(folder) : path.basename(path.resolve(tools.cwd, args.name))
      const problem = nameProblem(name)
      if (problem !== undefined)
        throw tools.failure(
          `Error: '${name}' can't be the name of a worker: ${problem}. Use letters, digits, '.', '_' and '-'.`,
        )
      const asked = args.language === undefined ? undefined : languageNamed(tools, args.language)
      const there = languageThere(folder)
      if (there !== undefined && asked !== undefined && asked !== there)
        throw tools.failure(
          `Error: the worker in ${folder} is written in '${there}', not in '${asked}'. Choose another folder.`,
        )
      const language = asked ?? there ?? 'ts'
      await refuseForeign(tools, folder, args['allow-non-empty'])
      const files = await filesOf(tools, name, language, args['template-dir'])
      const { written, kept } = await scaffold(folder, files).catch((error: Error) => {
        throw tools.failure(`Error: the worker can't be written: ${error.message}`, { cause: error })
      })
      const shown = path.relative(tools.cwd, folder)
      if (written.length > 0) tools.print(`Wrote ${written.join(', ')} into ${shown || 'this folder'}.`)
      if (kept.length > 0) tools.print(`Kept what was there: ${kept.join(', ')}.`)
      tools.print('Add it to the project, and call it:')
      const place = shown === '' ? '.' : path.isAbsolute(shown) || shown.startsWith('..') ? shown : `./${shown}`
      tools.print(tools.typed(`  iii worker add ${place}`))
      if (args['template-dir'] === undefined) tools.print(tools.typed(`  iii trigger ${name}::greet name=World`))
      return 0
    },
  })
}

function languageNamed(tools: CommandTools, word: string): Language {
  const language = LANGUAGES.find((known) => known === word) ?? OTHER_WORDS[word.toLowerCase()]
  if (language !== undefined) return language
  throw tools.failure(
    `--language of iii worker init takes one of ${LANGUAGES.join(', ')}, not '${word}'.${didYouMean(word, LANGUAGES)}`,
    { isUsage: true },
  )
}

/** Of a worker that was written before; files of two languages would make none that runs. */
function languageThere(folder: string): Language | undefined {
  try {
    const word = /^language=(\w+)$/m.exec(readFileSync(path.join(folder, WORKER_INI), 'utf8'))?.[1]
    return LANGUAGES.find((known) => known === word)
  } catch {
    return undefined
  }
}

async function refuseForeign(tools: CommandTools, folder: string, isAllowed: boolean): Promise<void> {
  if (isAllowed || existsSync(path.join(folder, WORKER_INI))) return
  const there = await contentsOf(folder).catch((error: Error) => {
    throw tools.failure(`Error: ${folder} can't be the folder of a worker: ${error.message}`, { cause: error })
  })
  if (there.length === 0) return
  throw tools.failure(
    `Error: ${folder} is not empty: ${firstNames(there)}. Choose another folder, or add to it with --allow-non-empty.`,
  )
}

async function filesOf(
  tools: CommandTools,
  name: string,
  language: Language,
  template: string | undefined,
): Promise<Map<string, string | Uint8Array>> {
  const id = randomUUID()
  if (template === undefined) return workerFiles(name, language, id)
  const all = path.resolve(tools.cwd, template)
  const own = path.join(all, language)
  try {
    const files = await readTemplate(existsSync(own) ? own : all, { name, worker_name: name })
    return files.set(WORKER_INI, workerIni(name, language, id))
  } catch (error) {
    throw tools.failure(`Error: the template can't be read: ${(error as Error).message}. Nothing was written.`, {
      cause: error,
    })
  }
}
