// Bytes of peers that begin a message and do not end it, and of one that does.
import type { Socket } from 'node:net'

/** What comes first, and what then comes again and again. */
export const DRIPS: readonly (readonly [what: string, first: readonly number[], rest: readonly number[]])[] = [
  ['a frame byte by byte', [0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0], [0x20]],
  [
    'fragments without end, and pongs between',
    [0x01, 0x81, 0, 0, 0, 0, 0x20],
    [0x00, 0x81, 0, 0, 0, 0, 0x20, 0x8a, 0x80, 0, 0, 0, 0],
  ],
]

/** A message of one blank in two fragments: the second is followed at once by the first of the next, so that one is always under way. */
const [BEGINNING, END_AND_BEGINNING, END] = [
  [0x01, 0x81, 0, 0, 0, 0, 0x20],
  [0x80, 0x81, 0, 0, 0, 0, 0x20, 0x01, 0x81, 0, 0, 0, 0, 0x20],
  [0x80, 0x81, 0, 0, 0, 0, 0x20],
] as const

/** Sends such messages for `ms`, each of which takes a moment. */
export async function sendFragments(tcp: Socket, ms: number): Promise<void> {
  tcp.write(Buffer.from(BEGINNING))
  const until = performance.now() + ms
  await new Promise<void>((resolve) => {
    const sending = setInterval(() => {
      if (performance.now() < until) return void tcp.write(Buffer.from(END_AND_BEGINNING))
      clearInterval(sending)
      tcp.write(Buffer.from(END))
      resolve()
    }, 20)
  })
}
