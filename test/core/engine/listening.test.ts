// What plugins hear of the engine once workers can connect: `listening`.
import { expect, test } from 'vitest'
import { unusedPort } from '../../support/unused-port.ts'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

/** Logs what it hears. */
const ear = (listening = "log.info('hears ' + url)") =>
  pluginFile('ear', `log.info('starts'); return { listening(url) { ${listening} } }`).replace(
    '{ iii, config, engine }',
    '{ log }',
  )

async function start(...plugins: string[]): Promise<EngineFolder> {
  const folder = new EngineFolder()
  for (const source of plugins) folder.write('plugins/ear.ts', source)
  folder.configure(LISTENER, '{ name: ear }')
  await folder.start()
  return folder
}

const heard = (folder: EngineFolder): string[] =>
  folder.log.items.flatMap(({ msg }) => /^(?:hears .*|starts)$/.exec(msg)?.[0] ?? [])

test('a plugin hears of the first listener once it is open, after its own start', async () => {
  const folder = await start(ear())
  await folder.logged('hears')
  expect(heard(folder)).toEqual(['starts', `hears ${folder.url()}`])
})

test('each generation hears of it, and of another address', async () => {
  const folder = await start(ear())
  const before = folder.url()
  await folder.logged('hears')
  await folder.engine.call('engine::plugins::reload', { name: 'ear' })
  await folder.logged('hears', 2)
  const port = await unusedPort()
  folder.configure(`{ name: iii-worker-manager, config: { port: ${port} } }`, '{ name: ear }')
  await folder.logged(`hears ws://127.0.0.1:${port}`)
  const after = `hears ws://127.0.0.1:${port}`
  expect(heard(folder)).toEqual(['starts', `hears ${before}`, 'starts', `hears ${before}`, after])
})

test('a generation that is started after a crash hears of it', async () => {
  const folder = await start(ear("log.info('hears ' + url); setTimeout(() => process.exit(3), 0)"))
  await folder.logged('hears', 2)
  expect(heard(folder).slice(0, 4)).toEqual(['starts', `hears ${folder.url()}`, 'starts', `hears ${folder.url()}`])
})

test('the generation that serves on after another failed at its start has heard of it', async () => {
  const folder = await start(ear())
  await folder.logged('hears')
  folder.write('plugins/ear.ts', pluginFile('ear', "throw new Error('not this one')"))
  await folder.logged('keeps its old code')
  // It was started again, or has never ended.
  await expect.poll(() => heard(folder).at(-1)).toBe(`hears ${folder.url()}`)
})

test.each([
  ['throws', "throw new Error('deaf')"],
  ['rejects', "return Promise.reject(new Error('deaf'))"],
])('what listening %s is logged, and the plugin runs on', async (_how, body) => {
  const folder = await start(ear(body))
  expect(await folder.logged('listening() failed: deaf')).toMatchObject({ level: 'error', plugin: 'ear' })
  expect(folder.engine.status().plugins.find(({ name }) => name === 'ear')).toMatchObject({ state: 'running' })
})
