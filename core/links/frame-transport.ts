// The engine's side of one thread's or process's connection: gives each frame to the link of its member.
// Extended by the ring and the pipe transport, which add how the connection is made.
import { Frame, FrameKind, MAX_MEMBERS, readFrame, writeFrame } from '../../protocol/ring/frame.ts'
import type { FrameDuplex } from '../../protocol/ring/frame-duplex.ts'
import { FrameLink, type LinkTransport } from './frame-link.ts'
import type { Link, LinkKind } from '../model/link.ts'
import type { LinkEvents } from '../model/link-events.ts'

/** Gets what the thread itself, or one of its members, says to the plugin host. */
export type OnHostMessage = (member: number, message: unknown) => void

export abstract class FrameTransport implements LinkTransport {
  readonly duplex: FrameDuplex
  readonly #kind: LinkKind
  readonly #onHost: OnHostMessage
  readonly #links = new Map<number, FrameLink>()
  readonly #frame = new Frame()
  /** Senders that wait for this connection to drain. */
  readonly #held = new Set<Link>()

  constructor(kind: LinkKind, duplex: FrameDuplex, onHost: OnHostMessage) {
    this.#kind = kind
    this.duplex = duplex
    this.#onHost = onHost
  }

  get open(): boolean {
    return this.duplex.open
  }

  /** The link of one member, 0 … 65535: a plugin generation. A number may be used again after its link was closed. */
  link(member: number, events: LinkEvents): FrameLink {
    if (!Number.isInteger(member) || member < 0 || member > MAX_MEMBERS)
      throw new RangeError(`no such member: ${member}`)
    if (this.#links.has(member)) throw new Error(`member ${member} is in use`)
    const link = new FrameLink(this.#kind, this, member, events)
    this.#links.set(member, link)
    return link
  }

  detach(member: number): void {
    this.#links.delete(member)
  }

  sendHost(member: number, message: unknown): void {
    if (this.open) writeFrame(this.duplex, FrameKind.Host, 0, member, 0, 0, '', '', JSON.stringify(message))
  }

  throttle(sender: Link): void {
    if (this.#held.has(sender)) return
    this.#held.add(sender)
    sender.pause()
  }

  /** Since when frames lie unread without any progress, in the clock of `now`; undefined while all is well. For a stall watch. */
  unreadSince(now: number): number | undefined {
    return this.duplex.unreadSince(now)
  }

  /** After the other side has ended: hands out the frames that it had published (answers count), then closes. */
  drainRemaining(): void {
    this.duplex.drainRemaining()
  }

  close(): void {
    this.duplex.close()
  }

  protected start(): void {
    this.duplex.start(
      (bytes, start, end) => this.#receive(bytes, start, end),
      () => this.#release(),
    )
  }

  #receive(bytes: Buffer, start: number, end: number): void {
    const frame = this.#frame
    readFrame(bytes, start, end, frame)
    if (frame.kind === FrameKind.Host) this.#onHost(frame.member, JSON.parse(frame.text(bytes) ?? 'null'))
    else this.#links.get(frame.member)?.receive(frame, bytes)
  }

  #release(): void {
    const senders = [...this.#held]
    this.#held.clear()
    for (const sender of senders) sender.resume()
  }
}
