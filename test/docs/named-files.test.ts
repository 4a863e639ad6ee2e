// Pages that lead through the code name files and folders that are there.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './snippets.ts'

const FOLDERS = globSync('*/', { cwd: ROOT }).map((folder) => folder.replace(/[\\/]$/, ''))
const FILE = /\w\.(?:ts|mjs|md|json|yaml|yml|wasm)$/
/** Of a project that uses the engine. */
const NOT_OURS = /^(?:data|config)(?:\/|$)/

/** Everything in backquotes that looks like a path from the root, or like the name of a file. `<name>` stands for any name. */
function namedIn(page: string): string[] {
  const text = readFileSync(path.join(ROOT, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '')
  return [...text.matchAll(/`([^`\s]+)`/g)]
    .map(([, named]) => named ?? '')
    .filter((named) => /^[\w.*<>/-]+$/.test(named) && !NOT_OURS.test(named))
    .filter((named) => FILE.test(named) || named.endsWith('/') || FOLDERS.includes(named.split('/')[0] ?? ''))
}

function exists(named: string): boolean {
  const pattern = named.replace(/<\w+>/g, '*').replace(/\/$/, '')
  return (
    globSync([pattern, ...(named.includes('/') ? [] : [`{${FOLDERS.join(',')}}/**/${pattern}`])], {
      cwd: ROOT,
      exclude: (name) => name === 'node_modules',
    }).length > 0
  )
}

it.each(['docs/architecture.md', 'docs/style.md', 'CONTRIBUTING.md'])('%s names what is there', (page) => {
  const named = [...new Set(namedIn(page))]
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((each) => !exists(each))).toEqual([])
})
