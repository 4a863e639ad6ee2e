// The inside of a thread of plugins: opens the ring and serves the plugin host for as long as the thread lives.
import { threadId, type MessagePort } from 'node:worker_threads'
import { keepTickShape } from '../../../base/process/keep-tick-shape.ts'
import type { FrameEnd } from '../../../sdk/transports/frame-end.ts'
import { openRingEnd } from '../../../sdk/transports/ring-end.ts'
import type { ThreadFile } from '../containers/thread-file.ts'
import { collectAfterStarts } from './collect-after-starts.ts'
import { explainNativeFailures } from './native-failures.ts'
import { importPlugin } from './import-plugin.ts'
import { PluginRunner } from './plugin-runner.ts'

export interface ThreadTask {
  readonly memory: SharedArrayBuffer
  /** Bells and large frames of the ring. */
  readonly port: MessagePort
  /** Gets the thread's id once, as soon as the thread serves. */
  readonly ready: MessagePort
  readonly compileCacheDir: string | undefined
  /** URL of this module, which the pool's own file imports. */
  readonly module: string
  /** What holds this module and others, if there is one; undefined where it could not be loaded. */
  readonly file: ThreadFile | undefined
}

/** The pool's task: it never ends. The thread is ended by abort, by its plugin, or by an error that nobody caught. */
export function serveThread({ memory, port, ready, file }: ThreadTask): Promise<never> {
  process.setSourceMapsEnabled(true)
  keepTickShape()
  explainNativeFailures()
  const runner = new PluginRunner(
    () => end,
    collectAfterStarts(),
    (url) => importPlugin(url, file),
  )
  const end: FrameEnd = openRingEnd({ memory, port }, runner.onHost)
  ready.postMessage(threadId)
  ready.close()
  return new Promise(() => {})
}
