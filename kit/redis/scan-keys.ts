// The keys of hashes that match a pattern, by SCAN: KEYS would hold up everybody else on a large server.
import type { RedisConnection } from './redis-connection.ts'

/** Keys that one step looks at. */
const STEP = 1_000

/** Each once, in no order. Keys that are added or removed meanwhile may be there or not. */
export async function scanKeys(
  redis: Pick<RedisConnection, 'commandBytes'>,
  pattern: string | Buffer,
): Promise<Buffer[]> {
  const keys = new Map<string, Buffer>()
  let cursor = '0'
  do {
    const args = [cursor, 'MATCH', pattern, 'COUNT', STEP, 'TYPE', 'hash'] as const
    const [next, found] = (await redis.commandBytes('SCAN', ...args)) as [Buffer, Buffer[]]
    for (const key of found) keys.set(key.toString('latin1'), key)
    cursor = next.toString()
  } while (cursor !== '0')
  return [...keys.values()]
}
