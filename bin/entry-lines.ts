// The lines of the configuration file that enable a plugin, as the CLI shows and writes them.

/** One item of `workers:`, with its line break. */
export function entryLines(name: string, indent = '  '): string {
  return `${indent}- name: ${name}\n`
}
