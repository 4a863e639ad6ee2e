// Writes to sockets past their streams. What a stream does for each write (a request object, a state of its buffer, a callback on a later
// tick) costs as much as the kernel's part of a small one, and is of use only where the kernel does not take it all at once.
// Node has no public way, so this calls what `net.Socket` calls. Where Node has it no longer, sockets are written to as ever
// (docs/decisions/2026-11-29-direct-write.md).
import type { Duplex } from 'node:stream'
import { getSystemErrorName } from 'node:util'

/** `done`: the kernel has all of it. `waiting`: it is queued behind what the kernel has, and its writer is told. `refused`: nothing was done. */
export type DirectWrite = 'done' | 'waiting' | 'refused'

export interface DirectWriter {
  /** Called later, once, for what is `waiting`: it has been written, or it never will be. */
  directlyWritten(): void
}

interface WriteRequest {
  oncomplete: (status: number) => void
  /** What is written, so that it stays. */
  buffer: Buffer
}

interface Handle {
  writeBuffer(request: WriteRequest, bytes: Buffer): number
}

interface Bindings {
  readonly tcp: new () => Handle
  readonly request: new () => WriteRequest
  /** What the last write came to. */
  readonly state: Readonly<Record<number, number>>
  readonly wasAsync: number
}

const bindings = readBindings()
/** Used by one write after the other, until one is not done at once. */
let spare: WriteRequest | undefined

/** Only for a TCP socket to which nothing waits to be written; others are refused. */
export function writeDirectly(socket: Duplex, bytes: Buffer, writer: DirectWriter): DirectWrite {
  const { _handle: handle } = socket as { _handle?: Handle | null }
  if (bindings === undefined || !(handle instanceof bindings.tcp)) return 'refused'
  if (socket.writableLength > 0 || socket.writableEnded || socket.destroyed) return 'refused'
  const request = (spare ??= new bindings.request())
  // An error shows again when the stream writes, which knows what to do about it.
  if (handle.writeBuffer(request, bytes) !== 0) return 'refused'
  if (bindings.state[bindings.wasAsync] === 0) return 'done'
  spare = undefined
  request.buffer = bytes
  request.oncomplete = (status) => {
    if (status < 0 && !socket.destroyed) socket.destroy(new Error(`write ${getSystemErrorName(status)}`))
    writer.directlyWritten()
  }
  return 'waiting'
}

function readBindings(): Bindings | undefined {
  const { binding } = process as { binding?(name: string): Record<string, unknown> }
  try {
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = binding?.('stream_wrap') ?? {}
    const { TCP } = binding?.('tcp_wrap') ?? {}
    if (typeof WriteWrap !== 'function' || typeof TCP !== 'function' || typeof kLastWriteWasAsync !== 'number')
      return undefined
    return {
      tcp: TCP as Bindings['tcp'],
      request: WriteWrap as Bindings['request'],
      state: streamBaseState as Bindings['state'],
      wasAsync: kLastWriteWasAsync,
    }
  } catch {
    // As under Node's permissions.
    return undefined
  }
}
