// Data of workers in a line of a table.

const SHOWN_LENGTH = 60

export function shortened(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH - 1)}…` : text
}
