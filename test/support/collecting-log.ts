// A plugin's log that keeps its lines.
import type { PluginLog } from '../../sdk/plugin.ts'

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly data: unknown
}

export function collectingLog(): PluginLog & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (message: string, data?: unknown) => void lines.push({ level, message, data })
  return { lines, trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
