// What looks like a placeholder of a shell, and is none here.
import { expect, test } from 'vitest'
import { oddPlaceholder, PLACEHOLDER } from '../../../base/values/placeholder.ts'

const odd = (text: string): (string | undefined)[] =>
  [...text.matchAll(PLACEHOLDER)].map(([, name = '', fallback]) => oddPlaceholder(name, fallback))

test.each([
  ['${A:-value}', '${A:-value} gives "-value" where A is not set: the form is ${A:value}, without \'-\''],
  ['${A:=value}', '${A:=value} gives "=value" where A is not set: the form is ${A:value}, without \'=\''],
  ['${A:?value}', '${A:?value} gives "?value" where A is not set: the form is ${A:value}, without \'?\''],
  ['${A:+value}', '${A:+value} gives "+value" where A is not set: the form is ${A:value}, without \'+\''],
  ['${A:-}', '${A:-} gives "-" where A is not set: the form is ${A:}, without \'-\''],
  [
    '${A:-5}',
    '${A:-5} gives "-5" where A is not set: the form is ${A:5}, without \'-\'; for the number -5 write ${A: -5}',
  ],
  ['${A-value}', "${A-value} takes a variable of the name 'A-value': the form is ${A:value}"],
])('%s is told, with what to write', (text, message) => {
  expect(odd(text)).toEqual([message])
})

test.each(['${A}', '${A:value}', '${A:}', '${A: -5}', '${A:a-b}', '${A-B:c}', '${my.name}'])(
  '%s is as it should be',
  (text) => {
    expect(odd(text)).toEqual([undefined])
  },
)
