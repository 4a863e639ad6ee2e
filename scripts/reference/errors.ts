// docs/reference/errors.md: the codes of the engine, and those of each built-in worker.
import { ERROR_CODES } from '../../protocol/errors.ts'
import type { BuiltIn } from '../../sdk/built-in.ts'
import { code, table } from './markdown.ts'

export function errorsReference(builtIns: readonly BuiltIn[]): string {
  const workers = builtIns.flatMap(({ about: { name, errors } }) => {
    return errors === undefined ? [] : [[`Codes of ${name}`, errors] as const]
  })
  return [
    '# Error codes',
    '',
    'An error that reaches a caller is `{ code, message, stacktrace? }`. Codes are case-sensitive and stable; messages are for people.',
    'Sessions of a listener with `rbac` get no `stacktrace`, unless its `session_stacktraces` is on.',
    'The codes of the engine come from workers too, where they mean the same. A code of your own workers and plugins passes through',
    'unchanged and is not listed here. Generated from the code by `npm run docs`.',
    '',
    ...[['Codes of the engine', ERROR_CODES] as const, ...workers].flatMap(([heading, codes]) => [
      `## ${heading}`,
      '',
      table(
        ['code', 'meaning'],
        Object.entries(codes).map(([name, meaning]) => [code(name), meaning]),
      ),
      '',
    ]),
  ].join('\n')
}
