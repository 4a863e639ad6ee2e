// `worker-add`: from the call of `worker::add` for a folder to the answer of a function of the new worker: a process of Node.js with the
// SDK, whose dependencies are there.
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { CallClient } from '../../../bench/load/call-client.ts'
import { describeMeasure, measuredCase } from '../../../bench/measures.ts'
import { needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'

const PACKAGE: string = 'iii-sdk'
const NAME = 'bench-added'

const workerAdd: Scenario = {
  title: 'a local worker, from worker::add to the first answer of its function',
  unfit: (session) =>
    needsOwnEngine(session) ?? (sdk() === undefined ? 'it needs iii-sdk (npm install iii-sdk)' : undefined),
  async run(session) {
    const { rounds, progress } = session.options
    const { url } = await session.target('subject')
    const path = join(await session.temporaryFolder(), NAME)
    await writeWorker(path)
    const client = await CallClient.open(url)
    const waits: number[] = []
    try {
      for (let round = 0; round <= rounds; round++) {
        progress(round === 0 ? 'worker-add: warming up' : `worker-add: round ${round} of ${rounds}`)
        const began = performance.now()
        await client.call('worker::add', { source: { kind: 'local', path }, wait: true })
        await client.call(`${NAME}::ping`, {})
        if (round > 0) waits.push(performance.now() - began)
        await client.call('worker::remove', { names: [NAME], yes: true })
      }
    } finally {
      client.close()
    }
    return [measuredCase('worker-add', [describeMeasure('callable', 'ms', waits)])]
  },
}

export default workerAdd

function sdk(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(PACKAGE)
  } catch {
    return undefined
  }
}

async function writeWorker(path: string): Promise<void> {
  await mkdir(path, { recursive: true })
  await writeFile(
    join(path, 'iii.worker.yaml'),
    `name: ${NAME}\nscripts: { install: "", start: exec node index.cjs }\n`,
  )
  await writeFile(
    join(path, 'index.cjs'),
    `const { registerWorker } = require(${JSON.stringify(sdk())})
const iii = registerWorker(process.env.III_URL, { workerName: process.env.III_WORKER_NAME })
iii.registerFunction('${NAME}::ping', async () => 'pong')
`,
  )
}
