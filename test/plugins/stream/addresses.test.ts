// The address for stream clients is told: at the start, in listings, and in the log when it changes at run time.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startEngine } from '../../../index.ts'
import { createLog } from '../../../core/log.ts'
import { RawClient } from '../../support/raw-client.ts'

test('the real port is shown, also when the setting is 0, and again after a change', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'iii-stream-'))
  const entries = [
    '  - { name: iii-worker-manager, config: { port: 0 } }',
    '  - { name: iii-stream, config: { port: 0, host: "::1" } }',
  ]
  await writeFile(join(folder, 'iii-config.yaml'), ['workers:', ...entries, ''].join('\n'))
  const lines: string[] = []
  const log = createLog({ level: 'info', pretty: false, write: (line) => lines.push(line) })
  const engine = await startEngine({ cwd: folder, log })
  onTestFinished(async () => {
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  })
  const shown = engine.status().plugins.find(({ name }) => name === 'iii-stream')?.addresses
  expect(shown).toEqual([expect.stringMatching(/^ws:\/\/\[::1\]:[1-9]\d+$/)])

  const worker = await RawClient.connect(engine.url)
  const value = { port: 0, host: '127.0.0.1' }
  expect((await worker.call('configuration::set', { id: 'iii-stream', value })).error).toBeUndefined()
  const info = await worker.call('engine::plugins::info', { name: 'iii-stream' })
  const { addresses } = info.result as { addresses: string[] }
  expect(addresses).toEqual([expect.stringMatching(/^ws:\/\/127\.0\.0\.1:[1-9]\d+$/)])
  expect(lines.join('')).toContain(`"listening":["${addresses[0]}"]`)
})
