// A copy of the store of `iii-state` and of `iii-stream`, made while the engine runs, and put in place of a lost one.
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../bin/run-cli.ts'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { unusedPort } from '../../support/unused-port.ts'
import type { PluginRun } from '../../support/plugin-run.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { runStatePlugin } from '../state/run-plugin.ts'
import { runStreamPlugin } from '../stream/run-plugin.ts'
import { sessionEngine } from './session-engine.ts'

interface Kept {
  readonly start: (root: string, config?: object) => Promise<Pick<PluginRun<never>, 'call' | 'stop'>>
  readonly functionId: string
  readonly code: string
  /** Where the store is, under the project root. */
  readonly file: string
  readonly write: readonly [string, object]
  readonly read: readonly [string, object]
}

const KEPT: Record<string, Kept> = {
  state: {
    start: (root, config) => runStatePlugin(root, config),
    functionId: 'state::backup',
    code: 'BACKUP_ERROR',
    file: 'data/state_store.db/state.db',
    write: ['state::set', { scope: 's', key: 'k', value: { n: 1 } }],
    read: ['state::get', { scope: 's', key: 'k' }],
  },
  stream: {
    start: (root, config) => runStreamPlugin(root, config),
    functionId: 'stream::backup',
    code: 'STREAM_BACKUP_ERROR',
    file: 'data/stream_store/stream.db',
    write: ['stream::set', { stream_name: 's', group_id: 'g', item_id: 'i', data: { n: 1 } }],
    read: ['stream::get', { stream_name: 's', group_id: 'g', item_id: 'i' }],
  },
}

describe.each(Object.entries(KEPT))('the store of %s', (_name, { start, functionId, code, file, write, read }) => {
  test('a copy put in place of the file gives the same values', async () => {
    const root = tempFolder()
    const run = await start(root)
    await run.call(...write)
    const made = await run.call(functionId, { file: 'copy.db' })
    expect(made).toMatchObject({ file: join(root, 'copy.db'), state: 'done', progress: 1 })
    expect(made.bytes).toBeGreaterThan(4_096)
    // In use as before.
    await run.call(...write)
    const elsewhere = tempFolder()
    mkdirSync(join(elsewhere, dirname(file)), { recursive: true })
    copyFileSync(join(root, 'copy.db'), join(elsewhere, file))
    const restored = await start(elsewhere)
    expect(await restored.call(...read)).toEqual({ n: 1 })
    await restored.call(...write)
  })

  test('what can not be copied is refused with what to do', async () => {
    const root = tempFolder()
    const run = await start(root)
    const refusal = (input: object) =>
      run.call(functionId, input).then(
        () => expect.unreachable('It was made.'),
        (error: unknown) => error,
      )
    expect(await refusal({ file: file })).toMatchObject({ code, message: expect.stringContaining('exists already') })
    expect(await refusal({ file: 'nope/copy.db' })).toMatchObject({
      code,
      message: expect.stringContaining('Create it, or choose another file.'),
    })
    for (const input of [{}, { file: 5 }, { file: '' }, { file: 'a', wait_ms: -1 }, { file: 'a', wait_ms: '1' }]) {
      expect(await refusal(input)).toMatchObject({ code: 'deserialization_error' })
    }
    const memory = await start(tempFolder(), { adapter: { name: 'kv', config: { store_method: 'in_memory' } } })
    await expect(memory.call(functionId, { file: 'copy.db' })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('not in a file of this engine'),
    })
    expect(readdirSync(root)).toEqual(['data'])
  })
})

test('iii state backup and iii stream backup copy the stores of a running engine, relative to where they are run', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, '{ name: iii-state }', `{ name: iii-stream, config: { port: ${await unusedPort()} } }`)
  await folder.start({ watch: false })
  const port = new URL(folder.url()).port
  const cwd = tempFolder()
  for (const name of ['state', 'stream']) {
    const backup = () => runCli([name, 'backup', `${name}.db`, '--port', port], { cwd })
    const made = await backup()
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(made.stdout).toMatch(new RegExp(`^.*/${name}\\.db: \\d+ bytes in \\d+\\.\\d s\\n$`))
    expect(existsSync(join(cwd, `${name}.db`))).toBe(true)
    expect(await backup()).toMatchObject({ code: 1, stderr: expect.stringContaining('exists already') })
  }
})

test('a session that may call everything by a wildcard writes no copy', async () => {
  const { session } = await sessionEngine(['*', 'state::*', 'stream::*'])
  for (const id of ['state::backup', 'stream::backup']) {
    expect((await session.call(id, { file: 'copy.db' })).error).toMatchObject({ code: 'FORBIDDEN' })
  }
  expect((await session.call('state::get', { scope: 's', key: 'k' })).error).toBeUndefined()
})
