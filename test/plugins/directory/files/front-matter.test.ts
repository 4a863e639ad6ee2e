// Frontmatter of any text: what is read of it never fails, and never holds more than it may.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partMarkdown } from '../../../../kit/registry/frontmatter.ts'
import { firstParagraph, headingOf, textMember } from '../../../../plugins/directory/files/front-matter.ts'

const lines = fc.array(
  fc.oneof(
    fc.constantFrom(
      '---',
      '--- ',
      '# A',
      '## B',
      '',
      ' ',
      'title: T',
      'a: [',
      '- x',
      'key: &a [*a]',
      '...',
      '%YAML 1.2',
      '\uFEFF',
      '\t',
    ),
    fc.string(),
  ),
)
const texts = fc.tuple(lines, fc.constantFrom('\n', '\r\n')).map(([each, end]) => each.join(end))

test('any text has parts, and its body is the end of it', async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const { front, body } = await partMarkdown(text)
      expect(text.endsWith(body)).toBe(true)
      for (const member of ['title', 'description']) {
        const value = textMember(front, member)
        expect(value === undefined || (value.length > 0 && !/[\r\n]/.test(value))).toBe(true)
      }
    }),
  )
})

test('the heading and the paragraph of any text are one line each, of bounded length', () => {
  fc.assert(
    fc.property(fc.oneof(texts, fc.string({ minLength: 3_000, maxLength: 6_000 })), (text) => {
      expect(firstParagraph(text).length).toBeLessThanOrEqual(2_000)
      expect(firstParagraph(text)).not.toContain('\n')
      expect(headingOf(text)?.length ?? 0).toBeLessThanOrEqual(300)
    }),
  )
})

// They end: an expression that looks at each character anew from each would take minutes.
test.each([
  ['marks of headings', '#'.repeat(200_000)],
  ['a heading of marks', `# ${'#'.repeat(200_000)}b`],
  ['a heading of spaces', `# ${' '.repeat(200_000)}b`],
  ['a heading of both', `# a${' #'.repeat(100_000)}b`],
  ['headings of nothing', '# '.repeat(100_000)],
  ['empty headings', '# \n'.repeat(60_000)],
  ['spaces', ' '.repeat(200_000)],
  ['lines of spaces', ' \n'.repeat(100_000)],
  ['fences', '---\n'.repeat(50_000)],
  ['lists in lists', `---\na: ${'['.repeat(16_000)}\n---\nText.`],
  ['maps in maps', `---\n${'? '.repeat(8_000)}\n---\nText.`],
  ['lists in lists of blocks', `---\n${'- '.repeat(8_000)}\n---\nText.`],
  ['anchors', `---\n${Array.from({ length: 1_500 }, (_, n) => `a${n}: &b${n}`).join('\n')}\n---\nText.`],
  ['quotes', `---\na: "${'\\"'.repeat(8_000)}\n---\nText.`],
])('200,000 characters of %s are read', async (_what, text) => {
  const { body } = await partMarkdown(text)
  headingOf(body)
  firstParagraph(body)
})
