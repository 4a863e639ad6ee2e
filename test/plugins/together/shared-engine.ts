// One engine in this process for the tests of a file: a folder of its own, free ports, the workers that the file names.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { startEngine, type Engine } from '../../../index.ts'
import { createLog } from '../../../core/log.ts'
import { unusedPort } from '../../support/unused-port.ts'

export interface SharedEngine {
  /** Of the worker listener. */
  readonly url: string
  /** Of the stream clients, where `iii-stream` is among the workers. */
  readonly streamUrl: string
}

/** @param entries of the workers beside the listener, in YAML flow style; `streamPort` is for `iii-stream`. */
export function sharedEngine(entries: (streamPort: number) => readonly string[]): SharedEngine {
  const folder = mkdtempSync(join(tmpdir(), 'iii-together-'))
  let engine: Engine | undefined
  let streamPort = 0
  beforeAll(async () => {
    streamPort = await unusedPort()
    const all = ['{ name: iii-worker-manager, config: { port: 0 } }', ...entries(streamPort)]
    writeFileSync(join(folder, 'iii-config.yaml'), ['workers:', ...all.map((entry) => `  - ${entry}`), ''].join('\n'))
    const log = createLog({ level: 'warn', pretty: false, write: () => {} })
    engine = await startEngine({ cwd: folder, log, watch: false })
  })
  afterAll(async () => {
    await engine?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    get url() {
      if (engine === undefined) throw new Error('the engine has not started')
      return engine.url
    },
    get streamUrl() {
      return `ws://127.0.0.1:${streamPort}`
    },
  }
}
