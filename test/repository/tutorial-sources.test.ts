// examples/todo holds the code of iii's tutorial as it stands there: what is written for iii runs here unchanged.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './source-files.ts'

const TUTORIAL = 'test/fixtures/todo-app'
const EXAMPLE = 'examples/todo'
const files = globSync('**/*.{ts,yaml}', { cwd: path.join(ROOT, TUTORIAL) })

const textOf = (...parts: readonly string[]): string => readFileSync(path.join(ROOT, ...parts), 'utf8')

it('all files with code in the tutorial are looked at', () => {
  expect(files.length).toBe(7)
})

it.each(files.filter((file) => file.endsWith('.ts')))('%s is word for word that of the tutorial', (file) => {
  expect(textOf(EXAMPLE, file)).toBe(textOf(TUTORIAL, file))
})

it('iii-config.yaml differs in the ports, which can be set, and in the package manager', () => {
  const ours = textOf(EXAMPLE, 'iii-config.yaml')
    .replace(/^#.*\n/gm, '')
    .replace(/\$\{\w+:(\d+)\}/g, '$1')
    .replace('npm run dev', 'pnpm dev')
  expect(ours).toBe(textOf(TUTORIAL, 'iii-config.yaml'))
})

it('README.md marks the files of the tutorial, and no others', () => {
  const marked = [...textOf(EXAMPLE, 'README.md').matchAll(/`([^`]+)` \*/g)].map(([, file]) => file)
  expect(marked.sort()).toEqual([...files].sort())
})
