// What is written for editors, with the engine's package in the places where users have it.
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseJsonWithComments } from '../../base/values/json-with-comments.ts'
import { writeEditorFiles } from '../../bin/editor-files.ts'
import { tempFolder } from '../support/temp-folder.ts'

function scene() {
  const folder = tempFolder()
  const at = (...parts: string[]): string => path.join(folder, ...parts)
  const install = (name: string, ...where: string[]): string => {
    const target = at(...where, 'node_modules', name)
    mkdirSync(path.join(target, 'dist'), { recursive: true })
    writeFileSync(path.join(target, 'package.json'), JSON.stringify({ name }))
    writeFileSync(path.join(target, 'dist', 'plugin.d.ts'), '')
    return target
  }
  mkdirSync(at('project', 'plugins'), { recursive: true })
  const place = { pluginsDir: at('project', 'plugins'), projectRoot: at('project') }
  const link = at('project', 'node_modules', 'iii-host')
  const options = () =>
    (
      parseJsonWithComments(readFileSync(at('project', 'plugins', 'tsconfig.json'), 'utf8')) as {
        compilerOptions: object
      }
    ).compilerOptions
  return { at, install, place, link, options }
}

describe('the types of the engine', () => {
  it('are those of the package where the project has it, or a folder above', () => {
    for (const where of [['project'], []]) {
      const { install, place, link } = scene()
      const engine = install('iii-host', ...where)
      const { advice } = writeEditorFiles({ ...place, engineRoot: path.join(engine, 'dist') })
      expect(advice.join()).not.toContain('iii-host')
      if (where.length === 0) expect(existsSync(link)).toBe(false)
    }
  })

  it('come by a link from an engine that is installed elsewhere', () => {
    const { install, place, link } = scene()
    const engine = install('iii-host', 'npx')
    const { advice } = writeEditorFiles({ ...place, engineRoot: path.join(engine, 'dist') })
    expect(realpathSync(link)).toBe(realpathSync(engine))
    expect(advice[0]).toContain(`by ${path.join('node_modules', 'iii-host')}; `)
    expect(advice[0]).toContain('npm install --save-dev iii-host')
  })

  it('come by a new link where the old one leads nowhere any more', () => {
    const { at, install, place, link } = scene()
    mkdirSync(path.dirname(link), { recursive: true })
    symlinkSync(at('gone'), link)
    const engine = install('iii-host', 'npx')
    writeEditorFiles({ ...place, engineRoot: engine })
    expect(realpathSync(link)).toBe(realpathSync(engine))
  })

  it('are looked for beside plugins that lie outside of the project', () => {
    const { at, install, place } = scene()
    const engine = install('iii-host', 'npx')
    const pluginsDir = at('elsewhere', 'plugins')
    mkdirSync(pluginsDir, { recursive: true })
    writeEditorFiles({ ...place, pluginsDir, engineRoot: engine })
    expect(realpathSync(at('elsewhere', 'node_modules', 'iii-host'))).toBe(realpathSync(engine))
  })

  it('are those of the sources in a checkout of the engine, which need nothing more', () => {
    const { at, place } = scene()
    for (const [name, text] of [
      ['package.json', '{"name":"iii-host"}'],
      ['tsconfig.json', '{}'],
    ] as const)
      writeFileSync(at('project', name), text)
    expect(writeEditorFiles({ ...place, engineRoot: at('project') })).toEqual({ tsconfig: undefined, advice: [] })
    expect(existsSync(at('project', 'node_modules'))).toBe(false)
    expect(existsSync(at('project', 'plugins', 'tsconfig.json'))).toBe(false)
  })

  it('are not found where nothing can be written, or the engine has none, and that is all', () => {
    const { at, install, place, link } = scene()
    const engine = install('iii-host', 'npx')
    rmSync(path.join(engine, 'dist'), { recursive: true })
    expect(writeEditorFiles({ ...place, engineRoot: engine }).advice[0]).toContain('are not found; ')
    expect(existsSync(link)).toBe(false)
    writeFileSync(at('project', 'node_modules'), 'a file')
    expect(writeEditorFiles({ ...place, engineRoot: install('iii-host', 'other') }).advice[0]).toContain(
      'are not found; ',
    )
  })
})

describe('the types of Node', () => {
  it('are named where the project has them', () => {
    const { install, place, options } = scene()
    install('@types/node', 'project')
    const { advice } = writeEditorFiles({ ...place, engineRoot: install('iii-host', 'project') })
    expect([advice, options()]).toEqual([[], expect.objectContaining({ types: ['node'], lib: ['esnext'] })])
  })
  it('are advised where it has not; until then those of browsers stand in for what both have', () => {
    const { install, place, options } = scene()
    const { advice } = writeEditorFiles({ ...place, engineRoot: install('iii-host', 'project') })
    expect(advice).toEqual([expect.stringContaining('npm install --save-dev @types/node')])
    expect(options()).toMatchObject({ lib: ['esnext', 'dom'] })
    expect(options()).not.toHaveProperty('types')
  })
})
