// Namespaces come and go with what is registered in them.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { FunctionRegistry } from '../../../core/registry/functions.ts'
import { makeWorker } from '../router/calls.ts'

const MIB = 1024 * 1024

test('Of a namespace whose last function has gone nothing is kept, whether it was taken away or its worker left', async () => {
  const nothing = (): void => {}
  const registry = new FunctionRegistry('load_balance', {
    onProvided: nothing,
    onChanged: nothing,
    onEvicted: nothing,
    onProvidersChanged: nothing,
  })
  const before = bytesInUse()
  for (let index = 0; index < 100; index++) {
    const { worker } = makeWorker()
    worker.namespace = Buffer.alloc(MIB, `${index} `).toString()
    registry.register(worker, 'f', { rawId: 'f' })
    if (index % 2 === 0) registry.unregister(worker, 'f')
    else registry.dropWorker(worker, () => false)
  }
  // What is on the stack of the loop is let go of a turn later.
  await expect.poll(() => (bytesInUse() - before) / MIB).toBeLessThan(50)
  const { worker } = makeWorker()
  worker.namespace = 'again'
  for (let round = 0; round < 2; round++) {
    registry.register(worker, 'f', { rawId: 'f' })
    expect([...registry.idsIn('again')]).toEqual(['f'])
    registry.unregister(worker, 'f')
    expect([...registry.idsIn('again')]).toEqual([])
  }
})

function bytesInUse(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
