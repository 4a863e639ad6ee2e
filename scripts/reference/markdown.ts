// Tables and words for the generated parts of the documentation.

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

/** A bar would end the cell, also inside of code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

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

export function timeText(ms: number): string {
  return ms >= 1000 && ms % 1000 === 0 ? `${countText(ms / 1000)} s` : `${countText(ms)} ms`
}

export function countText(count: number): string {
  return count.toLocaleString('en-US')
}
