// Amounts as people read them: for documentation and messages.

/** `67108864` → `64 MiB`. */
export function bytesText(bytes: number): string {
  for (const [size, unit] of [
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`
  }
  return `${countText(bytes)} bytes`
}

/** `67108864` → `64 Mi characters`. */
export function charactersText(count: number): string {
  return `${bytesText(count).replace(/B$| bytes$/, '')} characters`
}

/** `5000` → `5 s`. */
export function timeText(ms: number): string {
  return ms >= 1000 && ms % 1000 === 0 ? `${countText(ms / 1000)} s` : `${countText(ms)} ms`
}

/** A limit that may be off: `0` → `none`. */
export function limitText(count: number): string {
  return count === 0 ? 'none' : countText(count)
}

/** `10000` → `10,000`. */
export function countText(count: number): string {
  return count.toLocaleString('en-US')
}
