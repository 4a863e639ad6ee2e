// One replica of a provider, in a process of its own: answers after a moment, and writes a line for each call that it got.
import { setTimeout as pause } from 'node:timers/promises'
import { registerWorker } from 'iii-sdk'

const [url = '', name = ''] = process.argv.slice(2)
const iii = registerWorker(url, {
  workerName: name,
  otel: { enabled: false },
  enableMetricsReporting: false,
  reconnectionConfig: { initialDelayMs: 50, maxDelayMs: 200 },
})
iii.registerFunction('replica::work', async ({ n }: { n: number }) => {
  process.stdout.write(`got ${n}\n`)
  await pause(20)
  return { n, name }
})
await iii.trigger({ function_id: 'replica::work', payload: { n: -1 } })
process.stdout.write('ready\n')
