import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { locateConfig } from '../../../core/config/locate.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iii-locate-'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const touch = (name: string): string => {
  const path = join(cwd, name)
  writeFileSync(path, 'workers: []\n')
  return path
}

describe('locateConfig', () => {
  test('prefers --config, then III_CONFIG_PATH, then the three names in order', () => {
    const names = ['config.yaml', 'iii.config.yaml', 'iii-config.yaml'].map(touch)
    const option = touch('option.yaml')
    const variable = touch('variable.yaml')
    const env = { III_CONFIG_PATH: 'variable.yaml' }
    expect(locateConfig({ cwd, env, configPath: 'option.yaml' })).toEqual({ kind: 'file', path: option })
    expect(locateConfig({ cwd, env })).toEqual({ kind: 'file', path: variable })
    for (const path of names.toReversed()) {
      expect(locateConfig({ cwd, env: { III_CONFIG_PATH: '' } })).toEqual({ kind: 'file', path })
      rmSync(path)
    }
    expect(locateConfig({ cwd, env: {} })).toEqual({
      kind: 'missing',
      path: join(cwd, 'iii-config.yaml'),
      named: false,
    })
  })

  test('does not fall back when the named file is missing', () => {
    touch('iii-config.yaml')
    expect(locateConfig({ cwd, env: {}, configPath: 'nope.yaml' })).toEqual({
      kind: 'missing',
      path: join(cwd, 'nope.yaml'),
      named: true,
    })
  })

  test('--use-default-config ignores files', () => {
    touch('iii-config.yaml')
    expect(locateConfig({ cwd, env: {}, useDefaultConfig: true })).toEqual({ kind: 'embedded' })
  })

  test('refuses an option without a name, which would otherwise mean the folder', () => {
    expect(() => locateConfig({ cwd, env: {}, configPath: '' })).toThrow('--config needs the name of a file')
  })
})
