// Links between the pages of the documentation lead somewhere, and every page is found from the index.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { pages, ROOT } from './snippets.ts'

const ALWAYS = ['README.md', 'LICENSE', 'package.json']

interface Manifest {
  readonly files: readonly string[]
}

interface Target {
  /** Relative to the root. */
  readonly file: string
  readonly heading: string | undefined
}

function targetsIn(page: string): Target[] {
  const text = withoutCode(readFileSync(path.join(ROOT, page), 'utf8'))
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [to = '', heading] = link.split('#')
      return { file: to === '' ? page : path.join(path.dirname(page), to), heading }
    })
}

/** The anchors that GitHub makes of headings. */
function anchorsOf(page: string): Set<string> {
  const text = withoutCode(readFileSync(path.join(ROOT, page), 'utf8'))
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading ?? '')
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '')
}

it.each(pages())('the relative links of %s lead to files', (page) => {
  expect(targetsIn(page).filter(({ file }) => !existsSync(path.join(ROOT, file)))).toEqual([])
})

/** npm packs these three whatever `files` says. */
const packed = [...(JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Manifest).files, ...ALWAYS]
const isPacked = (file: string): boolean => packed.some((each) => file === each || file.startsWith(`${each}/`))

it.each(pages().filter(isPacked))('the package, too, has what %s links to', (page) => {
  expect(targetsIn(page).filter(({ file }) => !isPacked(path.normalize(file).replace(/\/$/, '')))).toEqual([])
})

it.each(pages())('the links of %s to headings lead to headings', (page) => {
  const lost = targetsIn(page).filter(({ file, heading }) => heading !== undefined && !anchorsOf(file).has(heading))
  expect(lost).toEqual([])
})

it('the index names every page', () => {
  const named = new Set(targetsIn('docs/README.md').map(({ file }) => file))
  expect(pages().filter((page) => page.startsWith('docs/') && page !== 'docs/README.md' && !named.has(page))).toEqual(
    [],
  )
})
