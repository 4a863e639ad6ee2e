import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { parse } from 'yaml'
import { appendItem, replaceMemberByComment, setMember } from '../../../base/files/yaml-edit.ts'

const TEXT = `# head
list:   # of things
    -   name: "a"   # first
        on: false   # for now

    # second
    - name: b
      block:
        # inside
        text: |
          # no comment
          last
        # at the end
      # after
      more: [1,   2]

# tail
other: 1
`
const dos = (text: string): string => text.replaceAll('\n', '\r\n')

describe('setMember', () => {
  test('changes the value and no other byte', () => {
    expect(setMember(TEXT, ['list', 0], 'on', true)).toBe(TEXT.replace('on: false', 'on: true'))
    expect(setMember(dos(TEXT), ['list', 0], 'on', true)).toBe(dos(TEXT.replace('on: false', 'on: true')))
    expect(setMember('{ a: 1, b: 2 } # end\n', [], 'a', 'x: y')).toBe('{ a: "x: y", b: 2 } # end\n')
  })

  test('adds a member that is not there and keeps comments', () => {
    const after = setMember(TEXT, ['list', 1], 'on', true)
    expect(parse(after).list[1]).toEqual({ ...parse(TEXT).list[1], on: true })
    for (const comment of TEXT.match(/#.*/g) ?? []) expect(after).toContain(comment)
  })

  test('leaves what an alias says elsewhere as it was', () => {
    const after = setMember('a: &x 1\nb: *x\n', [], 'b', 2)
    expect(parse(after)).toEqual({ a: 1, b: 2 })
  })
})

describe('appendItem', () => {
  test('adds lines behind the last item and changes no other byte', () => {
    const added = '    - name: c\n      deep:\n        - 1\n'
    const expected = TEXT.replace('[1,   2]\n', `[1,   2]\n${added}`)
    expect(appendItem(TEXT, ['list'], { name: 'c', deep: [1] })).toBe(expected)
    expect(appendItem(dos(TEXT), ['list'], { name: 'c', deep: [1] })).toBe(dos(expected))
  })

  test.each(['list: []\n', 'list:\n', '', 'list: [{ a: 1 }] # some\n', 'list: # none\n  # - a\n'])(
    'makes the list a block in %j',
    (text) => {
      const after = appendItem(text, ['list'], { a: 2 }) ?? ''
      expect(parse(after).list).toEqual([...(parse(text)?.list ?? []), { a: 2 }])
      for (const comment of text.match(/#.*/g) ?? []) expect(after).toContain(comment)
    },
  )

  test.each(['list:\n  - a: 1\n', 'list: [{ a: 1 }]\n', ''])('writes no key as a merge, into %j', (text) => {
    const after = appendItem(text, ['list'], { '<<': { deep: [{ '<<': 1 }] } }) ?? ''
    expect(parse(after, { merge: true }).list.at(-1)).toEqual({ '<<': { deep: [{ '<<': 1 }] } })
  })

  test('is refused where something else is', () => {
    expect(appendItem('list: 5\n', ['list'], 1)).toBeUndefined()
    expect(appendItem('list: { a: 1 }\n', ['list'], 1)).toBeUndefined()
  })
})

describe('replaceMemberByComment', () => {
  test('takes the lines of the member, comments inside it included, and no other byte', () => {
    const expected = TEXT.replace(/      block:\n[^]*?last\n/, '      # gone\n')
    expect(replaceMemberByComment(TEXT, ['list', 1], 'block', 'gone')).toBe(expected)
    expect(replaceMemberByComment(dos(TEXT), ['list', 1], 'block', 'gone')).toBe(dos(expected))
  })

  test.each([
    ['a: 1\nb:\nc: 2\n', 'a: 1\n# gone\nc: 2\n'],
    ['a: 1\nb: "x\n  y"   # two lines\nc: 2\n', 'a: 1\n# gone\nc: 2\n'],
    ['a: 1\nb: [1,\n  2]', 'a: 1\n# gone'],
  ])('of %j', (text, expected) => {
    expect(replaceMemberByComment(text, [], 'b', 'gone')).toBe(expected)
  })

  test.each([
    ['a flow map', '{ a: 1, b: 2 }\n', []],
    ['the line of a dash', 'l:\n  - b: 1\n    a: 2\n', ['l', 0]],
    ['a member that is not there', 'a: 1\n', []],
    ['a map that is not there', 'a: 1\n', ['x', 'y']],
    ['the only member of a map', 'a:\n  b: 1\n', ['a']],
    ['what an alias refers to', 'b: &x 1\na: *x\n', []],
  ] as const)('leaves %s alone', (_what, text, path) => {
    expect(replaceMemberByComment(text, path, 'b', 'gone')).toBeUndefined()
  })
})

test('an edit changes what it was meant to and nothing else, in any document', () => {
  const name = fc.stringMatching(/^[a-z]{1,4}$/)
  const value = fc.oneof(fc.integer(), fc.boolean(), fc.string(), fc.array(fc.integer(), { maxLength: 3 }))
  const item = fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 })
  fc.assert(
    fc.property(fc.array(item, { maxLength: 4 }), item, fc.boolean(), (list, added, isDos) => {
      const plain = JSON.stringify({ list, end: 1 })
      const text = isDos ? dos(plain) : plain
      expect(parse(appendItem(text, ['list'], added) ?? '')).toEqual({ list: [...list, added], end: 1 })
    }),
  )
})
