// Items and members taken out of a YAML text: what is around them stays as it is.
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { removeItem, removeMember } from '../../../base/files/yaml-edit.ts'

const TEXT = `# top
workers:
  # about a
  - name: a
    config: { x: 1 } # in
  # about b
  - name: b
    path: /x   # tail
    config:
      # c
      y: 2

  - name: c
# end
other: 1
`

test.each([
  [0, ['b', 'c'], '  - name: a\n    config: { x: 1 } # in\n'],
  [1, ['a', 'c'], '  - name: b\n    path: /x   # tail\n    config:\n      # c\n      y: 2\n'],
  [2, ['a', 'b'], '  - name: c\n'],
])('item %d goes with its lines alone', (index, left, lines) => {
  const edited = removeItem(TEXT, ['workers'], index) ?? ''
  expect(edited).toBe(TEXT.replace(lines, ''))
  expect(parse(edited).workers.map(({ name }: { name: string }) => name)).toEqual(left)
})

test.each([
  'workers:\n- name: a\n# end\n',
  'workers:\n  # c\n  - name: a\n',
  'workers: [{ name: a }]\n',
  'workers:\r\n  - name: a\r\nother: 1\r\n',
  'workers:\n  -\n    name: a\n    config: |\n      text\nother: 1',
])('the last item of %j leaves an empty list', (text) => {
  const edited = removeItem(text, ['workers'], 0) ?? ''
  expect(parse(edited)).toEqual({ ...parse(text), workers: [] })
  expect(edited.includes('\r\n')).toBe(text.includes('\r\n'))
})

test('an item to which an alias refers, and one that is not there, are not removed', () => {
  expect(removeItem('workers:\n  - &a { name: a }\n  - *a\n', ['workers'], 0)).toBeUndefined()
  expect(removeItem(TEXT, ['workers'], 3)).toBeUndefined()
  expect(removeItem(TEXT, ['other'], 0)).toBeUndefined()
})

test('a member goes with its lines alone', () => {
  expect(removeMember(TEXT, ['workers', 1], 'path')).toBe(TEXT.replace('    path: /x   # tail\n', ''))
  const flow = removeMember('workers: [{ name: a, path: x }]\n', ['workers', 0], 'path') ?? ''
  expect(parse(flow)).toEqual({ workers: [{ name: 'a' }] })
})
