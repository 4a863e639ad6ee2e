import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { WorkerNames } from '../../../../core/config/worker-names.ts'
import { BUILT_INS } from '../../../../plugins/built-ins.ts'
import { discoverPlugins } from '../../../../core/host/table/discover.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

async function discover(...files: string[]) {
  const folder = tempFolder()
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), '')
  }
  const names = new WorkerNames([
    { folder: join(folder, 'engine/state'), about: { name: 'iii-state', alias: 'state' } },
  ])
  const places = { names, userDir: join(folder, 'plugins'), projectRoot: folder }
  const { sources, problems } = await discoverPlugins(places)
  return { folder, problems, names: [...sources.keys()].sort(), sources }
}

test('a folder with an index and a single file are plugins; anything else is not', async () => {
  const { names, problems } = await discover(
    'plugins/a.ts',
    'plugins/b.js',
    'plugins/c.mjs',
    'plugins/d/index.ts',
    'plugins/e/other.ts',
    'plugins/f.json',
    'plugins/g.d.ts',
    'plugins/.hidden.ts',
    'plugins/node_modules/h/index.js',
    'plugins/README.md',
  )
  expect(names).toEqual(['a', 'b', 'c', 'd'])
  expect([...problems]).toEqual([])
})

test('built-ins have the names of the configuration, and a user plugin of that name replaces one', async () => {
  const plain = await discover('engine/state/index.ts')
  expect(plain.sources.get('iii-state')).toMatchObject({
    builtIn: true,
    replaces: false,
    origin: 'built-in',
    aliases: ['state'],
  })
  const { sources, names } = await discover('engine/state/index.ts', 'plugins/iii-state.ts')
  expect(names).toEqual(['iii-state'])
  expect(sources.get('iii-state')).toMatchObject({
    builtIn: false,
    replaces: true,
    origin: join('plugins', 'iii-state.ts'),
  })
})

test("in a checkout the folders and tables of the engine are nobody's own plugins", async () => {
  const folder = tempFolder()
  for (const file of ['state/index.ts', 'built-ins.ts', 'absent-workers.ts', 'mine.ts']) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), '')
  }
  const names = new WorkerNames([{ folder: join(folder, 'state'), about: { name: 'iii-state' } }])
  const { sources } = await discoverPlugins({ names, userDir: folder, projectRoot: folder })
  expect([...sources.keys()].sort()).toEqual(['iii-state', 'mine'])
})

test('a name out of bounds is a problem that names the file', async () => {
  const { names, problems, folder } = await discover('plugins/Upper.ts', 'plugins/fine.ts')
  expect(names).toEqual(['fine'])
  expect(problems.get('Upper')).toContain(join(folder, 'plugins/Upper.ts'))
})

test('folders that do not exist hold no plugins', async () => {
  expect(await discover()).toMatchObject({ names: [] })
})

test("nothing in the engine's own folder of plugins is taken for a user's plugin", async () => {
  const userDir = resolve('plugins')
  const { sources, problems } = await discoverPlugins({
    names: new WorkerNames(BUILT_INS),
    userDir,
    projectRoot: dirname(userDir),
  })
  expect([...sources.values()].filter(({ builtIn }) => !builtIn)).toEqual([])
  expect([...problems]).toEqual([])
})
