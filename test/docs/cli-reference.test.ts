// docs/reference/cli.md is what the command definitions say now.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { commandTable } from '../../bin/command-table.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { cliReference } from '../../scripts/reference/cli.ts'

const page = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8')

it('is up to date (write it with: npm run docs)', async () => {
  expect(page).toBe(await cliReference(BUILT_INS))
})

it('has a section for every command', () => {
  for (const name of commandTable(BUILT_INS).keys()) expect(page).toContain(`\n## iii ${name}\n`)
})

it('names no option twice in one section', () => {
  for (const block of page.matchAll(/```text\n([\s\S]*?)```/g)) {
    const [usage = ''] = (block[1] ?? '').split('EXAMPLES')
    const options = [...usage.matchAll(/(--[a-z-]+)(?:=<[^>]+>)? {2,}/g)].map(([, option]) => option)
    expect(options).toEqual([...new Set(options)])
  }
})
