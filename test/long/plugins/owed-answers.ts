// A built-in that is reloaded again and again while a worker that owes it an answer all the time calls it at full load.
import { expect } from 'vitest'
import type { EngineProcess } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'
import { report } from '../network/engine-under-test.ts'

const RELOADS = 6
const LOOPS = 24

export interface OwedAnswers {
  readonly url: string
  readonly engine: EngineProcess
  readonly plugin: string
  readonly triggerType: string
  /** Config of the binding. */
  readonly config: object
  /** Id of a function and what it is called with, as the nth write of a loop. */
  readonly write: (loop: number, n: number) => readonly [functionId: string, data: object]
  /** Of an event: which write it is, and the call that its handler makes before it answers. */
  readonly onEvent: (event: any) => { loop: number; n: number; then: readonly [functionId: string, data: object] }
  /** The call that the condition of the binding makes before it says yes. Default: there is no condition. */
  readonly onCondition?: (event: any) => readonly [functionId: string, data: object]
  /** Handlers of one loop's writes start in their order. */
  readonly inOrder: boolean
}

/** No call fails, and the handler is called once for every write. */
export async function expectAllAnswered(scene: OwedAnswers): Promise<void> {
  const { url, engine, plugin, triggerType, config, onCondition } = scene
  const [worker, observer] = await Promise.all([LoadClient.connect(url, 'worker'), LoadClient.connect(url, 'observer')])
  const failures: string[] = []
  const call = async ([functionId, data]: readonly [string, object]): Promise<void> => {
    const { error } = await worker.call(functionId, data)
    if (error !== undefined) failures.push(`${functionId}: ${error.code}: ${error.message}`)
  }
  const written = Array.from({ length: LOOPS }, () => 0)
  const handled = written.map((): number[] => [])
  await worker.register('handles', async (event) => {
    const { loop, n, then } = scene.onEvent(event)
    handled[loop]!.push(n)
    await call(then)
    return null
  })
  if (onCondition !== undefined) {
    await worker.register('decides', async (event) => {
      await call(onCondition(event))
      return true
    })
  }
  await worker.result('engine::register_trigger', {
    trigger_type: triggerType,
    function_id: 'handles',
    config: { ...config, ...(onCondition !== undefined && { condition_function_id: 'decides' }) },
  })
  const over = new AbortController()
  const loops = written.map(async (_, loop) => {
    while (!over.signal.aborted) await call(scene.write(loop, ++written[loop]!))
  })
  const count = (): number => handled.reduce((sum, { length }) => sum + length, 0)
  for (let reload = 0; reload < RELOADS; reload++) {
    const before = count()
    await expect.poll(count, { timeout: 10_000 }).toBeGreaterThan(before)
    await observer.result('engine::plugins::reload', { name: plugin })
  }
  over.abort()
  await Promise.all(loops)
  expect(failures.slice(0, 5), `${failures.length} calls failed`).toEqual([])
  await expect.poll(count, { timeout: 20_000 }).toBe(written.reduce((sum, writes) => sum + writes, 0))
  const numbers = handled.map((seen) => (scene.inOrder ? seen : seen.toSorted((a, b) => a - b)))
  expect(numbers).toEqual(written.map((writes) => Array.from({ length: writes }, (_, n) => n + 1)))
  const info = await observer.result('engine::plugins::info', { name: plugin })
  expect(info).toMatchObject({ state: 'running', errors: 0, restarts: 0, generation: RELOADS + 1 })
  report(`${plugin}: ${RELOADS} reloads, ${count()} events of a worker that owes answers`)
  await Promise.all([worker, observer].map((client) => client.close()))
  expect(await engine.stop()).toBe(0)
}
