// The file that a plugin's own process runs: opens the pipe to the engine and serves the plugin host.
import { keepTickShape } from '../../../base/process/keep-tick-shape.ts'
import type { FrameEnd } from '../../../sdk/transports/frame-end.ts'
import { openPipeEnd } from '../../../sdk/transports/pipe-end.ts'
import { collectAfterStarts } from './collect-after-starts.ts'
import { explainNativeFailures } from './native-failures.ts'
import { PluginRunner } from './plugin-runner.ts'

/** Sent to the engine when an error is about to end this process; everything else on the channel is frames. */
export interface LastWords {
  readonly lastWords: { readonly message: string; readonly stack: string | undefined }
}

process.setSourceMapsEnabled(true)
keepTickShape()
explainNativeFailures()

process.on('uncaughtExceptionMonitor', (error: unknown) => {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const lastWords: LastWords = { lastWords: { message, stack } }
  process.send?.(lastWords)
})
// An engine that died leaves no plugins behind. The keeper ends one whose loop stands still and does not hear of it.
process.on('disconnect', () => process.exit(0))
// The engine stops its plugins in order; a Ctrl-C in the terminal, or its end, reaches the whole process group and must not come first.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})

const runner = new PluginRunner(() => end, collectAfterStarts())
const end: FrameEnd = openPipeEnd(runner.onHost)
