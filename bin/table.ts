// Rows as aligned columns of plain text, for listings.
import { oneLine } from '../base/values/one-line.ts'

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string
}

/** Lines of a table with its title row first; the last column is cut to what fits into `width`. */
export function tableLines<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number): string[] {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => oneLine(column.value(row)))),
  ]
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => (line[index] ?? '').length)))
  return cells.map((line) => {
    const text = line
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd()
    return text.length > width ? `${text.slice(0, Math.max(1, width - 1))}…` : text
  })
}
