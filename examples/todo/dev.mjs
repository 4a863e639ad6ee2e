// `npm run dev`, which the engine starts: the API worker, anew whenever one of its files changes, and the dev server of the page.
import { spawn } from 'node:child_process'
import { createServer } from 'vite'

const page = await createServer({ root: 'app', clearScreen: false })
try {
  await page.listen()
} catch (error) {
  console.error(`The page can't be served: ${error.message}. PAGE_PORT=… names another port`)
  process.exit(1)
}
console.log(`The page is at ${page.resolvedUrls.local[0]}`)

const worker = spawn(process.execPath, ['--watch', '--watch-preserve-output', 'api/src/main.ts'], { stdio: 'inherit' })
worker.once('exit', (code) => end(code ?? 1))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => end(0))

function end(code) {
  worker.kill()
  void page.close().finally(() => process.exit(code))
}
