// An engine process for one test file, with the options of its listener; its figures are printed when the file is done.
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { engineFolder, LISTENER_PORT, type EngineFolder, type EngineProcess } from '../../support/engine-process.ts'
import { bystanders, type Bystanders } from './bystanders.ts'
import { RawWorker } from './raw-worker.ts'
import { forgetPeak, peakMiB, residentMiB } from './resident-memory.ts'

export interface EngineUnderTest {
  readonly folder: EngineFolder
  readonly process: EngineProcess
  readonly url: string
  connect(name?: string): Promise<RawWorker>
  bystanders(): Promise<Bystanders>
  /** Runs `fault` and returns by how many MiB the engine's resident memory rose at most. */
  growthDuring(what: string, fault: () => Promise<void>): Promise<number>
}

/** Starts before the tests of the file and must still be there, and end cleanly, after them. */
export function engineUnderTest({
  listener = '',
  workers = '',
}: { listener?: string; workers?: string } = {}): EngineUnderTest {
  let folder: EngineFolder | undefined
  let engine: EngineProcess | undefined
  const required = <Part>(part: Part | undefined): Part => {
    if (part === undefined) throw new Error('the engine has not started')
    return part
  }
  beforeAll(async () => {
    folder = await engineFolder()
    const options = [`port: ${LISTENER_PORT}`, listener].filter((option) => option !== '').join(', ')
    await folder.write(
      'iii-config.yaml',
      `workers:\n  - name: iii-worker-manager\n    config: { ${options} }\n${workers}`,
    )
    engine = await folder.start({ args: ['--no-watch'] })
  })
  afterAll(async () => {
    try {
      expect(await required(engine).stop()).toBe(0)
    } finally {
      await folder?.remove()
    }
  })
  return {
    get folder() {
      return required(folder)
    },
    get process() {
      return required(engine)
    },
    get url() {
      return required(folder).url
    },
    async connect(name) {
      const worker = await RawWorker.connect(this.url, name)
      onTestFinished(() => worker.drop())
      return worker
    },
    bystanders() {
      return bystanders(this.url)
    },
    async growthDuring(what, fault) {
      const { pid } = this.process
      forgetPeak(pid)
      const before = residentMiB(pid)
      await fault()
      const peak = peakMiB(pid)
      report(`${what}: ${before} MiB before, ${peak} MiB at most, ${residentMiB(pid)} MiB after`)
      return peak - before
    },
  }
}

/** A figure that a person may want to see; it decides nothing. */
export function report(line: string): void {
  process.stdout.write(`  ${line}\n`)
}
