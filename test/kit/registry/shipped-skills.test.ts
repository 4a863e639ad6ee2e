// Prompts of a registry folder, from files that anybody may have written.
import { expect, test } from 'vitest'
import { skillsOf } from '../../../kit/registry/shipped-skills.ts'

async function promptOf(content: string): Promise<unknown> {
  const { prompts } = await skillsOf('w', '1.0.0', [{ path: 'prompts/p.md', content }])
  return prompts[0]
}

test('frontmatter ends with a line of ---, not with a value that ends so', async () => {
  expect(await promptOf('---\ndescription: from --- to ---\nname: q\n---\n\nText.\n')).toEqual({
    name: 'q',
    description: 'from --- to ---',
    content: 'Text.\n',
  })
})

test.each([
  ['maps in maps', '? '.repeat(8_000)],
  ['lists in lists', `a: ${'['.repeat(8_000)}${']'.repeat(8_000)}`],
])('frontmatter of %s is none, and takes no time to say so', async (_what, front) => {
  expect(await promptOf(`---\ndescription: d\n${front}\n---\nText.`)).toBeUndefined()
})
