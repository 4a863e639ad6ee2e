// The branch `redis` of an `adapter` block, the same for every worker that has one (spec 02 §7.1, 03 §2).
import type { AdapterDescription } from '../adapters/adapter-set.ts'
import { describeValue } from '../functions/input-reader.ts'

export const DEFAULT_REDIS_URL = 'redis://localhost:6379'

/** Description of an adapter `redis`. */
export const REDIS_OPTION: AdapterDescription = {
  name: 'redis',
  description: 'A Redis server, which several engines can share.',
  config: {
    redis_url: {
      type: ['string', 'null'],
      description: `redis://user:password@host:port/database, or rediss:// for TLS. Default ${DEFAULT_REDIS_URL}.`,
    },
  },
}

/** What `connectRedis` needs of an `adapter.config` block. */
export function redisSettings(
  config: Readonly<Record<string, unknown>>,
  worker: string,
): { readonly url: string; readonly setting: string } {
  const setting = `adapter.config.redis_url of ${worker}`
  const url = config['redis_url'] ?? DEFAULT_REDIS_URL
  if (typeof url !== 'string')
    throw new Error(`${setting} must be the URL of a Redis server, got ${describeValue(url)}.`)
  return { url, setting }
}
