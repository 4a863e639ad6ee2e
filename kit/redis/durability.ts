// Whether the server keeps what it acknowledges: asked once, at the start.
import type { PluginLog } from '../../sdk/plugin.ts'

interface Commands {
  command(name: string, ...args: string[]): Promise<unknown>
}

/** Warns when there is no append-only file. Servers that do not let their settings be read get no warning. */
export async function warnOfVolatility(redis: Commands, address: string, log: Pick<PluginLog, 'warn'>): Promise<void> {
  const reply = await redis.command('CONFIG', 'GET', 'appendonly').catch(() => undefined)
  if (!Array.isArray(reply) || reply[1] !== 'no') return
  log.warn(
    `Redis at ${address} keeps no append-only file: what it has acknowledged is lost when it is killed. ` +
      'Set `appendonly yes` and `appendfsync always` there.',
  )
}

/** Warns when values may be thrown away while there is too little memory. Servers that do not let their settings be read get no warning. */
export async function warnOfEviction(redis: Commands, address: string, log: Pick<PluginLog, 'warn'>): Promise<void> {
  const reply = await redis.command('CONFIG', 'GET', 'maxmemory-policy').catch(() => undefined)
  if (!Array.isArray(reply) || reply[1] === undefined || reply[1] === 'noeviction') return
  log.warn(
    `Redis at ${address} has \`maxmemory-policy ${String(reply[1])}\`: when its memory is full it throws away what it has acknowledged. ` +
      'Set `maxmemory-policy noeviction` there.',
  )
}
