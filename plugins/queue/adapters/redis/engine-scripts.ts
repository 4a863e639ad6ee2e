// Scripts of the engines that share a server: who lives, who takes what iii engines publish.
import { BASICS } from './script-parts.ts'

/**
 * ARGV: engine, lease in ms. Replies with 1 if the engine had been taken for dead, ms until the lease of another one ends (-1: there is none), whether it is the one
 * that listens to channels, and those whose lease has ended.
 */
export const RENEW = `${BASICS}${String.raw`
local till = now + tonumber(ARGV[2])
local was_away = redis.call('ZADD', 'queue::engines', till, ARGV[1])
local ended = redis.call('ZRANGEBYSCORE', 'queue::engines', '-inf', now, 'LIMIT', 0, 100)
local others = redis.call('ZRANGEBYSCORE', 'queue::engines', '(' .. text(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 2)
local next_end = others[1] ~= ARGV[1] and others[2] or others[4]
local listener = redis.call('GET', 'queue::listener')
if not listener or listener == ARGV[1] then
  listener = ARGV[1]
  redis.call('SET', 'queue::listener', listener, 'PX', ARGV[2])
end
return { was_away, next_end and tonumber(next_end) - now or -1, listener == ARGV[1] and 1 or 0, ended }
`}`

/** ARGV: engine, 1 = whatever its lease says. It is gone. */
export const FORGET_ENGINE = `${BASICS}${String.raw`
local till = redis.call('ZSCORE', 'queue::engines', ARGV[1])
if till and (ARGV[2] == '1' or tonumber(till) <= now) then redis.call('ZREM', 'queue::engines', ARGV[1]) end
if redis.call('GET', 'queue::listener') == ARGV[1] then redis.call('DEL', 'queue::listener') end
return 1
`}`
