// One page of the journal: a row of fixed size, which SQLite overwrites in place, so that a commit touches no more pages of the
// file than the events of its batch fill. The batches follow each other through the pages as one sequence of bytes.

/** Whole row: as much as fits beside the other parts of a database page of 4,096 bytes. */
const PAGE_BYTES = 4_040
export const HEADER_BYTES = 48
/** What a page takes of the batches. */
export const BODY_BYTES = PAGE_BYTES - HEADER_BYTES

/** Offsets into the header. */
const NUMBER = 0
const FIRST = 8
const NEWEST = 16
const FLOOR = 24
const TIMESTAMP = 32
const START = 40
const END = 44

/** How far the journal is, as the last page of a commit says it. */
export interface JournalEnd {
  /** Offset of the newest event. */
  readonly newest: number
  /** Every event after this offset is there. */
  readonly floor: number
  /** Timestamp of the newest event. */
  readonly timestamp: number
}

export class JournalPage {
  readonly slot: number
  readonly bytes: Buffer

  constructor(slot: number, bytes: Buffer) {
    this.slot = slot
    this.bytes = bytes
  }

  /**
   * An empty page. `next` is the offset of the event that the next batch begins with; `used` are the bytes of a page that nobody
   * needs any more: allocating them for each commit was a tenth of its time.
   */
  static empty(slot: number, number: number, next: number, used?: Buffer): JournalPage {
    const page = new JournalPage(slot, used ?? Buffer.alloc(PAGE_BYTES))
    page.bytes.fill(0)
    page.bytes.writeDoubleLE(number, NUMBER)
    page.bytes.writeDoubleLE(next, FIRST)
    page.bytes.writeUInt32LE(HEADER_BYTES, END)
    return page
  }

  /** Pages are numbered in the order of their use, slots are used again. */
  get number(): number {
    return this.bytes.readDoubleLE(NUMBER)
  }

  /** Offset of the first event of the first batch that begins here, or else of the next batch: what is before it ends before this page does. */
  get first(): number {
    return this.bytes.readDoubleLE(FIRST)
  }

  /** Where in the page that batch begins; undefined = none does. */
  get start(): number | undefined {
    return this.bytes.readUInt32LE(START) || undefined
  }

  /** Where the bytes of the page end. */
  get end(): number {
    return this.bytes.readUInt32LE(END)
  }

  get journalEnd(): JournalEnd {
    const at = (offset: number): number => this.bytes.readDoubleLE(offset)
    return { newest: at(NEWEST), floor: at(FLOOR), timestamp: at(TIMESTAMP) }
  }

  get room(): number {
    return PAGE_BYTES - this.end
  }

  copy(used?: Buffer): JournalPage {
    const bytes = used ?? Buffer.alloc(PAGE_BYTES)
    this.bytes.copy(bytes)
    return new JournalPage(this.slot, bytes)
  }

  /** Says that a batch begins at the end of what is there. */
  begin(first: number): void {
    if (this.start !== undefined) return
    this.bytes.writeDoubleLE(first, FIRST)
    this.bytes.writeUInt32LE(this.end, START)
  }

  /** Takes what there is room for, from `from` on; returns how much that was. */
  take(batch: Buffer, from: number): number {
    const { end } = this
    const taken = batch.copy(this.bytes, end, from)
    this.bytes.writeUInt32LE(end + taken, END)
    return taken
  }

  setJournalEnd({ newest, floor, timestamp }: JournalEnd): void {
    this.bytes.writeDoubleLE(newest, NEWEST)
    this.bytes.writeDoubleLE(floor, FLOOR)
    this.bytes.writeDoubleLE(timestamp, TIMESTAMP)
  }

  /** The bytes from a place on, the first by default. */
  body(from: number = HEADER_BYTES): Buffer {
    return this.bytes.subarray(from, this.end)
  }
}
