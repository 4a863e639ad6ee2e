// Hints name the command as whoever reads them can type it.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { asTyped, commandName, type CallSite } from '../../bin/command-name.ts'
import { tempFolder } from '../support/temp-folder.ts'

/** A project with the package in it, as npm installs it. */
function installed(at = 'project'): { root: string; project: string; script: string } {
  const root = tempFolder()
  const project = join(root, at)
  const script = join(project, 'node_modules/iii-host/bin/iii.mjs')
  mkdirSync(dirname(script), { recursive: true })
  writeFileSync(script, '')
  link(script, join(project, 'node_modules/.bin/iii'))
  return { root, project, script }
}

function link(to: string, from: string): void {
  mkdirSync(dirname(from), { recursive: true })
  symlinkSync(to, from)
}

const called = (site: Partial<CallSite>): string =>
  commandName({ env: {}, cwd: '/', script: '', platform: 'linux', ...site })

describe('the name', () => {
  it('is iii where a shell finds this very package', () => {
    const { root, project, script } = installed()
    link(script, join(root, 'bin/iii'))
    expect(called({ script, cwd: project, env: { PATH: join(root, 'bin') } })).toBe('iii')
  })

  it('is npx iii in a project that has it, and in folders of that, also below npm, which finds it on a PATH of its own', () => {
    const { project, script } = installed()
    mkdirSync(join(project, 'deep/er'), { recursive: true })
    expect(called({ script, cwd: project })).toBe('npx iii')
    expect(called({ script, cwd: join(project, 'deep/er') })).toBe('npx iii')
    const PATH = join(project, 'node_modules/.bin')
    expect(called({ script, cwd: project, env: { PATH, npm_command: 'exec' } })).toBe('npx iii')
    expect(called({ script, cwd: project, env: { PATH } })).toBe('iii')
  })

  it('is not that of another iii on the PATH', () => {
    const { root, project, script } = installed()
    const other = join(root, 'bin/iii')
    mkdirSync(dirname(other))
    writeFileSync(other, 'another engine')
    expect(called({ script, cwd: project, env: { PATH: join(root, 'bin') } })).toBe('npx iii')
  })

  it('is npx iii-host where npx has fetched the package', () => {
    const { root, script } = installed('.npm/_npx/0123')
    expect(called({ script, cwd: root })).toBe('npx iii-host')
  })

  it('is the launcher with Node elsewhere, such as in a checkout', () => {
    const { project, root, script } = installed()
    expect(called({ script, cwd: join(project, 'node_modules/iii-host') })).toBe('npx iii')
    expect(called({ script, cwd: root })).toBe('node project/node_modules/iii-host/bin/iii.mjs')
    expect(called({ script, cwd: '/' })).toMatch(/^node .*iii\.mjs$/)
  })
})

describe('a text', () => {
  it.each([
    ["Start one with 'iii start', or", "Start one with 'npx iii start', or"],
    ['use `iii plugins list`.', 'use `npx iii plugins list`.'],
    ['Try: iii trigger f', 'Try: npx iii trigger f'],
    ['  iii plugin enable hello --write', '  npx iii plugin enable hello --write'],
    ['a\niii help trigger', 'a\nnpx iii help trigger'],
    ['III_LOG=debug iii start', 'III_LOG=debug npx iii start'],
    ['unknown option -x of iii start', 'unknown option -x of iii start'],
    ["'iii is an engine'", "'iii is an engine'"],
    ['`iii startled`', '`iii startled`'],
    ['/usr/bin/iii start', '/usr/bin/iii start'],
  ])('%j becomes %j', (text, typed) => {
    expect(asTyped(text, 'npx iii')).toBe(typed)
  })
})
