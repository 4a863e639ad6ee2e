// Writes far more log than anybody reads, then tells on stdout what that has cost, and ends when it is told how. Started by log-reader.test.ts.
import { createLog } from '../../core/log.ts'

const LINES = Number(process.argv[2] ?? 200_000)
const log = createLog({ level: 'info', pretty: false })
const text = 'x'.repeat(200)
for (let line = 0; line < LINES; line++) {
  log.info(text)
  if (line % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
}
globalThis.gc?.()
const { heapUsed, external } = process.memoryUsage()
process.stdout.write(`${JSON.stringify({ bytes: LINES * text.length, heapUsed, external })}\n`)
process.stdin.once('data', (how: Buffer) => {
  if (how.toString() === 'flush') log.flush()
  process.exit(0)
})
