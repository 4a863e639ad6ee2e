// docs/reference/workers.md: what each built-in worker is called and what it adds, from the table of built-in workers.
import type { BuiltIn, WorkerAbout } from '../../sdk/built-in.ts'
import { declaredFunctions } from './engine-parts.ts'
import { code, table } from './markdown.ts'
import { memberTable } from './schema-text.ts'

export async function workersReference(builtIns: readonly BuiltIn[], absent: readonly WorkerAbout[]): Promise<string> {
  const sections = await Promise.all(builtIns.map(section))
  return [
    '# Built-in workers',
    '',
    'What each worker of this version is called, and what it adds to the engine. Generated from the code by `npm run docs`.',
    '',
    ...sections.flat(),
    '## Workers of iii that are not part of this version',
    '',
    'A configuration may name them: they are skipped, with a warning.',
    '',
    table(
      ['name', 'also'],
      absent.map((about) => [code(about.name), otherNames(about)]),
    ),
    '',
  ].join('\n')
}

async function section({ about }: BuiltIn): Promise<string[]> {
  const functions = await declaredFunctions(about)
  const { listens, commands = {}, scenarios = {}, errors = {} } = about
  const schema = await about.config?.()
  const facts: (readonly [what: string, text: string])[] = [
    ['also', otherNames(about)],
    ['adapters in old files', list(Object.keys(about.adapterClasses ?? {}))],
    ['without an entry', presence(about)],
    ['functions', list(functions.map(({ id }) => id))],
    ['trigger types', list(about.triggerTypes ?? [])],
    ['seats', list(about.seats ?? [])],
    ['listens on', listens === undefined ? '' : `${code(listens.host)}, ${code(listens.port)} of its settings`],
    ['called by a session only where a grant names it', list(about.exactGrants ?? [])],
    ['commands', list(Object.keys(commands).map((name) => `iii ${name}`))],
    ['scenarios of `iii bench`', list(Object.keys(scenarios))],
    ['error codes', list(Object.keys(errors))],
  ]
  return [
    `## ${about.name}`,
    '',
    table(
      ['what', 'value'],
      facts.filter(([, text]) => text !== ''),
    ),
    '',
    ...(schema === undefined ? [] : ['Its settings:', '', memberTable(schema), '']),
  ]
}

function presence({ mandatory, isDefault, repeatable, seats = [] }: BuiltIn['about']): string {
  const runs = mandatory
    ? 'runs'
    : seats.includes('session-policy')
      ? 'runs where a listener has `rbac`'
      : isDefault
        ? 'runs if there is no configuration file'
        : 'does not run'
  return repeatable ? `${runs}; several entries are possible` : runs
}

function otherNames({ alias, classes = [] }: WorkerAbout): string {
  return list(alias === undefined ? classes : [alias, ...classes])
}

function list(names: readonly string[]): string {
  return names.map(code).join(', ')
}
