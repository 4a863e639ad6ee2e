// Files of stored settings that nobody reads are named at the start and by `iii config check`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unreadSettings } from '../../../core/config/unread-settings.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { loadText } from './load-text.ts'

const unread = async (files: readonly string[], text: string, folder = 'config'): Promise<string[]> => {
  const projectRoot = tempFolder()
  mkdirSync(join(projectRoot, folder))
  for (const file of files) writeFileSync(join(projectRoot, folder, file), 'value: 1\n')
  return unreadSettings({ ...loadText(text, { known: ALL_NAMES }), projectRoot }, ALL_NAMES, new Set(['hello', 'mine']))
}

test('those of workers that do not run are, under any of their names; those of others may be anybody’s', async () => {
  const files = [
    'state.yaml',
    'iii-stream.yaml',
    'cron.yaml',
    'iii-sandbox.yaml',
    'hello.yaml',
    'mine.yaml',
    'shop.yaml',
    'x.txt',
  ]
  const text = 'workers: [{name: iii-state}, {name: stream, enabled: false}, {name: hello}]'
  expect(await unread(files, text)).toEqual([
    "config/cron.yaml: nobody reads these settings: 'iii-cron' has no enabled entry in the configuration",
    "config/iii-sandbox.yaml: nobody reads these settings: 'iii-sandbox' is not part of this version",
    "config/iii-stream.yaml: nobody reads these settings: 'iii-stream' has no enabled entry in the configuration",
    "config/mine.yaml: nobody reads these settings: 'mine' has no enabled entry in the configuration",
  ])
})

test('they are looked for in the folder of the configuration, and nowhere when another engine keeps them', async () => {
  const adapter = (written: string): string => `workers: [{name: configuration, config: {adapter: ${written}}}]`
  const kept = adapter('{name: fs, config: {directory: kept}}')
  expect(await unread(['http.yaml'], kept, 'kept')).toEqual([expect.stringContaining('kept/http.yaml: nobody')])
  expect(await unread(['http.yaml'], adapter('{name: bridge}'))).toEqual([])
  expect(await unreadSettings({ ...loadText('workers: []'), projectRoot: '/nowhere' }, ALL_NAMES, new Set())).toEqual(
    [],
  )
})
