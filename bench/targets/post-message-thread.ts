// The handler thread of the `post-message` reference: what a plugin thread is without the ring.
// A message is a string: the id of the call, a blank, JSON.
import { parentPort } from 'node:worker_threads'

parentPort?.on('message', (message: string) => {
  const blank = message.indexOf(' ')
  const payload: unknown = JSON.parse(message.slice(blank + 1))
  parentPort?.postMessage(`${message.slice(0, blank)} ${JSON.stringify(payload)}`)
})
