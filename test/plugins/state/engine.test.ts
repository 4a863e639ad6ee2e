// The cases of state over a whole engine: a worker on a socket, the router, the plugin in its thread, the configuration in a file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { startEngine, type Engine } from '../../../index.ts'
import { createLog } from '../../../core/log.ts'
import { Collector } from '../../support/deadline.ts'
import { RawClient } from '../../support/raw-client.ts'
import { socketRun } from '../../support/worker-run.ts'
import { stateCases } from './state-cases.ts'

let folder: string
let engine: Engine
let settings = '{}'
const reloads = new Collector<string>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iii-state-'))
  await configure(settings)
  const write = (line: string): void => {
    if (line.includes('"configuration reloaded"')) reloads.add(line)
  }
  engine = await startEngine({ cwd: folder, log: createLog({ level: 'info', pretty: false, write }) })
})

afterAll(async () => {
  await engine?.close()
  await rm(folder, { recursive: true, force: true })
})

stateCases('state of a running engine', async () => {
  await apply('{}')
  const client = await RawClient.connect(engine.url)
  return { ...socketRun(client, 'state'), configure: (members) => apply(JSON.stringify(members)) }
})

/** Writes the settings and waits until the engine runs with them. */
async function apply(wanted: string): Promise<void> {
  if (wanted === settings) return
  settings = wanted
  const before = reloads.items.length
  await configure(wanted)
  await reloads.take(before + 1)
}

function configure(config: string): Promise<void> {
  const entries = [
    `  - { name: iii-worker-manager, config: { port: 0 } }`,
    `  - { name: iii-state, config: ${config} }`,
  ]
  return writeFile(join(folder, 'iii-config.yaml'), ['workers:', ...entries, ''].join('\n'))
}
