// Who is called by the fan-outs of one plugin. An event reaches the same functions as the one before it, as a rule: what its frame says of
// them is read once, and compared afterwards.
import type { FanOutRow } from '../../protocol/ring/fan-out.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'

export interface FanOutTarget {
  readonly functionId: string
  readonly namespace: string
  readonly binding: string
  /** JSON. */
  readonly metadata: Buffer | undefined
}

interface Known {
  readonly rows: Buffer
  readonly targets: readonly FanOutTarget[]
}

/** Lists that are kept; an event to a thousand functions has four of them. */
const MAX_KNOWN = 16

export class FanOutTargets {
  readonly #known: Known[] = []
  #next = 0

  /** @param rows a JSON array of `FanOutRow`, valid until this returns. */
  read(rows: Buffer): readonly FanOutTarget[] {
    for (const known of this.#known) if (known.rows.equals(rows)) return known.targets
    const targets = (JSON.parse(rows.toString()) as FanOutRow[]).map(targetOf)
    this.#known[this.#next] = { rows: Buffer.from(rows), targets }
    this.#next = (this.#next + 1) % MAX_KNOWN
    return targets
  }
}

function targetOf([functionId, binding, namespace, metadata]: FanOutRow): FanOutTarget {
  return {
    functionId,
    binding,
    namespace: namespace ?? DEFAULT_NAMESPACE,
    metadata: metadata === null ? undefined : Buffer.from(metadata),
  }
}
