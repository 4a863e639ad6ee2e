// A plugin whose stored address can't be opened at the boot serves on the one of the file (spec 02 §7.2, 06 A.2): the engine is up, and
// the setting can be mended. Never on one that nobody has written down, nor from this machine alone to the network.
import { CodedError } from '../../../protocol/errors.ts'
import { isLoopbackHost } from '../../../base/net/loopback-host.ts'
import type { Generation } from './generation.ts'
import { aboutOf, type Config, type SettleSettings } from './plugin-settings.ts'

/** The settings to try instead; undefined = there are none, and the error stands. */
export async function fallbackAddress(
  { settings: { config, from }, plan, declaration }: Generation,
  error: unknown,
  settle: SettleSettings,
): Promise<Config | undefined> {
  if (from !== 'stored' || !concernsAddress(error)) return undefined
  const { config: block } = aboutOf(plan.source, declaration, plan.entry)
  if (block['host'] === undefined && block['port'] === undefined) return undefined
  const { config: file } = await settle(plan.source, declaration, plan.entry, block)
  const { host, port } = file
  if (typeof host !== 'string' || (host === config['host'] && port === config['port'])) return undefined
  if (isLoopbackHost(String(config['host'])) && !isLoopbackHost(host)) return undefined
  return { ...config, host, port }
}

function concernsAddress(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if (each instanceof CodedError && each.code === 'address_unavailable') return true
  return false
}
