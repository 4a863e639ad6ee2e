// docs/reference/errors.md from the one table of error codes.
import { ERROR_CODES } from '../../protocol/errors.ts'

export function errorsReference(): string {
  return [
    '# Error codes',
    '',
    'An error that reaches a caller is `{ code, message, stacktrace? }`. Codes are case-sensitive and stable; messages are for people.',
    "A worker's own codes pass through unchanged and are not listed here. Generated from `protocol/errors.ts` by `npm run docs`.",
    '',
    '| code | meaning |',
    '|---|---|',
    ...Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`),
    '',
  ].join('\n')
}
