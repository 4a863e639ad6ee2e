// The types that authors of plugins meet, in a compiler: what is right compiles, and each mistake that is marked as one is one.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages, snippetsOf } from '../docs/snippets.ts'
import { ROOT } from '../repository/source-files.ts'
import { compiled } from './compiled.ts'
import { tempFolder } from '../support/temp-folder.ts'

describe('types of plugins', () => {
  it('are right in every case of plugin-types.ts', async () => {
    expect(await compiled(path.join(ROOT, 'test/types/plugin-types.ts'))).toBe('')
  })

  it('say what is wrong, in the place of the mistake', async () => {
    const file = path.join(tempFolder(), 'wrong.mts')
    writeFileSync(
      file,
      `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: 'wrong',
  config: { type: 'object', properties: { step: { type: 'integer', default: 1 } } },
  async start({ iii, config }) {
    config.stepp
    await iii.trigger({ function_id: 'state::get', payload: { scope: 's', kee: 'k' } })
  },
})
`,
    )
    const messages = await compiled(file)
    expect(messages).toMatch(
      /wrong\.mts\(6,12\): error TS2551: Property 'stepp' does not exist on type '\{ readonly step: number; \}'\. Did you mean 'step'/,
    )
    expect(messages).toMatch(/wrong\.mts\(7,75\): error TS\d+: .*'kee' does not exist in type/)
    expect(messages.match(/error TS/g)).toHaveLength(2)
  })

  it('agree with every whole plugin and test of the documentation', async () => {
    const folder = tempFolder()
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
    const files = pages().flatMap((page, at) =>
      snippetsOf(page).flatMap((snippet) => {
        if (snippet.kind !== 'file' || !snippet.name.endsWith('.ts')) return []
        // What is shown as broken breaks.
        if (/name: '\w+'\n/.test(snippet.text)) return []
        // A page may show a file more than once; its tests import the one of its own page.
        const shown = path.join(folder, String(at), snippet.name)
        const file = existsSync(shown) ? shown.replace(/\.ts$/, `-${snippet.line}.ts`) : shown
        mkdirSync(path.dirname(file), { recursive: true })
        writeFileSync(file, snippet.text)
        return [file]
      }),
    )
    expect(files.length).toBeGreaterThan(6)
    expect(await compiled(...files)).toBe('')
  })
})
