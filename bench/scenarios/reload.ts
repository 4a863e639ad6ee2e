// `reload`: a plugin's file is saved; how long until a call is answered by the new code. Calls go on all the time.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as elapse } from 'node:timers/promises'
import { CallClient, CallFailure } from '../load/call-client.ts'
import { describeMeasure, measuredCase } from '../measures.ts'
import { needsOwnEngine, type Scenario } from './scenario.ts'

/** A reload takes little time, so there are more of them than rounds of other scenarios. */
const RELOADS_PER_ROUND = 6
const RELOAD_MS = 15_000
/** Between two saves, as a person makes them: the spare thread that the last one took has been replaced by then. */
const PAUSE_MS = 250
const VERSION_FUNCTION = 'bench::version'

const reload: Scenario = {
  title: 'save to the first answer of new code',
  unfit: needsOwnEngine,
  async run(session) {
    const { rounds, progress } = session.options
    const folder = await session.temporaryFolder()
    mkdirSync(join(folder, 'plugins'))
    const file = join(folder, 'plugins', 'bench-reload.ts')
    writeFileSync(file, pluginSource(0))
    const engine = await session.startEngine('watched', folder)
    const client = await CallClient.open(engine.url)
    const times: number[] = []
    const failures: string[] = []
    try {
      await untilVersion(client, 0, failures)
      // The first one warms the compiler and the spare thread.
      for (let version = 1; version <= rounds * RELOADS_PER_ROUND + 1; version++) {
        progress(`reload: ${version} of ${rounds * RELOADS_PER_ROUND + 1}`)
        const savedAt = performance.now()
        writeFileSync(file, pluginSource(version))
        const ms = (await untilVersion(client, version, failures)) - savedAt
        if (version > 1) times.push(ms)
        await elapse(PAUSE_MS)
      }
    } finally {
      client.close()
      await engine.stop()
    }
    const notes =
      failures.length === 0
        ? []
        : [`${failures.length} calls failed during reloads: ${[...new Set(failures)].join(', ')}`]
    return [measuredCase('reload', [describeMeasure('save-to-live', 'ms', times)], notes)]
  },
}

export default reload

/** Calls until the version answers; gives the time of that answer. */
async function untilVersion(client: CallClient, version: number, failures: string[]): Promise<number> {
  const deadline = performance.now() + RELOAD_MS
  for (;;) {
    const answer = await client.call(VERSION_FUNCTION, {}).catch((error: unknown) => {
      if (!(error instanceof CallFailure)) throw error
      failures.push(error.code)
      return undefined
    })
    const now = performance.now()
    if (answer === version) return now
    if (now > deadline) throw new Error(`Version ${version} of the plugin did not answer within ${RELOAD_MS / 1000} s.`)
  }
}

function pluginSource(version: number): string {
  return `import { definePlugin } from 'iii-host/plugin'

export default definePlugin({
  name: 'bench-reload',
  start({ iii }) {
    iii.registerFunction('${VERSION_FUNCTION}', () => ${version})
  },
})
`
}
