// The only provider of a function, in a process of its own. A line `shutdown` on stdin ends it cleanly.
import { createInterface } from 'node:readline'
import { registerWorker } from 'iii-sdk'

const [url = '', name = ''] = process.argv.slice(2)
const iii = registerWorker(url, { workerName: name, otel: { enabled: false }, enableMetricsReporting: false })
iii.registerFunction('only::work', async ({ n }: { n: number }) => {
  process.stdout.write(`got ${n}\n`)
  return { n, name }
})
await iii.trigger({ function_id: 'engine::functions::info', payload: { function_id: 'only::work' } })
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'shutdown') continue
  await iii.shutdown()
  break
}
process.exit(0)
