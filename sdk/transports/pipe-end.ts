// The child process's end of a pipe connection, over the channel that `fork` gives with 'advanced' serialization.
import { PipeDuplex, type PipeOptions } from '../../protocol/ring/pipe-duplex.ts'
import { FrameEnd, type OnHost } from './frame-end.ts'

export function openPipeEnd(onHost: OnHost, options?: Partial<PipeOptions>): FrameEnd {
  if (process.send === undefined) throw new Error('this process has no channel to a parent')
  // Messages of the process pool share the channel; they are no byte arrays.
  const listeners: ((message: unknown) => void)[] = []
  const port = {
    // The error goes to the callback when the parent is gone; `disconnect` then ends this process.
    send: (batch: Uint8Array) => void process.send?.(batch, undefined, undefined, () => {}),
    onMessage(listener: (batch: Uint8Array) => void) {
      const onMessage = (message: unknown) => {
        if (message instanceof Uint8Array) listener(message)
      }
      listeners.push(onMessage)
      process.on('message', onMessage)
    },
    close() {
      for (const listener of listeners) process.off('message', listener)
    },
  }
  return new FrameEnd(new PipeDuplex(port, options), onHost)
}
