// What is known of the built-in functions and trigger types by their ids: the files `known-ids.generated.ts`, one beside those who
// provide them, written from the schemas that they publish.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuiltIn } from '../../sdk/built-in.ts'
import { declaredFunctions, engineParts, type FunctionPart, type TriggerTypePart } from './engine-parts.ts'
import { typeText } from './type-text.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILE = 'known-ids.generated.ts'
/** The engine's own, beside its functions. */
const ENGINE_FOLDER = 'core/engine-functions'
const HEAD = '// Written by `npm run docs` from the schemas that are published.'

/** Text by path, relative to the root of the repository. */
export async function knownTypes(builtIns: readonly BuiltIn[]): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  const { functions, triggerTypes } = engineParts()
  files.set(`${ENGINE_FOLDER}/${FILE}`, moduleText(functions, triggerTypes))
  const folders: string[] = []
  for (const { folder, about } of builtIns) {
    const place = path.relative(ROOT, folder).replaceAll(path.sep, '/')
    const types = (await about.declareTriggerTypes?.()) ?? []
    const parts = types.map(
      ({ id, description = '', trigger_request_format: config, call_request_format: payload }) => {
        return { id, description, config, payload }
      },
    )
    files.set(`${place}/${FILE}`, moduleText(await declaredFunctions(about), parts))
    folders.push(path.basename(folder))
  }
  const imports = folders.sort().map((folder) => `import './${folder}/${FILE}'`)
  files.set(`plugins/${FILE}`, [HEAD, '// Types alone; no value is in it.', ...imports, ''].join('\n'))
  return files
}

function moduleText(functions: readonly FunctionPart[], triggerTypes: readonly TriggerTypePart[]): string {
  const blocks = [
    block('KnownFunctions', functions, ({ request, response }) => [
      ['input', withoutMembers(request) ? 'Record<string, never>' : typeText(request, 'given', '      ')],
      ['output', resultText(response)],
    ]),
    block('KnownTriggers', triggerTypes, ({ config, payload }) => [
      ['config', typeText(config, 'given', '      ')],
      ['event', typeText(payload, 'got', '      ')],
    ]),
  ].filter((text) => text !== '')
  return `${HEAD}\n\ndeclare module '../../sdk/known-ids.ts' {\n${blocks.join('\n')}}\n\nexport {}\n`
}

function block<Part extends { readonly id: string; readonly description: string }>(
  name: string,
  parts: readonly Part[],
  typesOf: (part: Part) => readonly (readonly [member: string, type: string])[],
): string {
  if (parts.length === 0) return ''
  const entries = parts.map((part) => {
    const comment = part.description === '' ? '' : `    /** ${part.description} */\n`
    const members = typesOf(part).map(([member, type]) => `      ${member}: ${type}\n`)
    return `${comment}    '${part.id}': {\n${members.join('')}    }\n`
  })
  return `  interface ${name} {\n${entries.join('')}  }\n`
}

function withoutMembers(schema: unknown): boolean {
  const { properties } = (schema ?? {}) as { properties?: object }
  return properties !== undefined && Object.keys(properties).length === 0
}

/** A function that has nothing to say gives no value, or null. */
function resultText(response: unknown): string {
  const text = typeText(response, 'got', '      ')
  return text === 'null' ? 'null | undefined' : text
}
