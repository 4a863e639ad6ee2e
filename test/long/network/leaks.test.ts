// What a hundred thousand calls of every kind leave behind, in a process with our SDK and in the engine: nothing that grows with them.
import { setFlagsFromString } from 'node:v8'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { startCore } from '../../support/test-core.ts'
import { bytesInUse, type BytesInUse } from './bytes-in-use.ts'
import { report } from './engine-under-test.ts'
import { startCommand } from './worker-process.ts'

const MiB = 1024 * 1024
const PROGRAM = fileURLToPath(new URL('programs/many-calls.ts', import.meta.url))
/** By the first of them all caches are full and all code is compiled. */
const [FIRST, LAST] = [20_000, 100_000]
/** One small object that is kept of each call would be more; of buffers some are kept for the next use. */
const MAX_GROWTH: BytesInUse = { heap: 3 * MiB, outside: 16 * MiB }

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

it('between 20,000 and 100,000 calls neither the client nor the engine grows', async () => {
  const core = await startCore()
  const client = await startCommand(process.execPath, ['--expose-gc', PROGRAM, core.url()])
  const after = async (calls: number): Promise<{ client: BytesInUse; engine: BytesInUse }> => {
    client.tell(String(calls))
    const line = await client.line(new RegExp(`^${String(calls).slice(0, -3)}\\d{3} `), 200_000)
    // What was logged is the test's own.
    core.lines.length = 0
    return { client: JSON.parse(line.slice(line.indexOf('{'))) as BytesInUse, engine: await bytesInUse(collect) }
  }
  const [first, last] = [await after(FIRST), await after(LAST)]
  for (const side of ['client', 'engine'] as const) {
    const heap = last[side].heap - first[side].heap
    const outside = last[side].outside - first[side].outside
    report(`${side}: heap ${(heap / MiB).toFixed(2)} MiB more, outside ${(outside / MiB).toFixed(2)} MiB`)
    expect([side, heap < MAX_GROWTH.heap, outside < MAX_GROWTH.outside]).toEqual([side, true, true])
  }
  expect(core.core.router.functions.find('default', 'many::fleeting-1')).toBeUndefined()
}, 280_000)
