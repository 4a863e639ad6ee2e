// Scripts of queues as a whole: settings, figures, dead letters.
import { BASICS, GROUPS } from './script-parts.ts'

/**
 * ARGV: engine, type, `max_jobs` and `max_bytes` or nothing, what the registry says, `delay_ms`, 1 = this engine has somebody bound to the subscription. When the type changes, what waits is sorted anew: from standard to fifo by
 * the next who take; from fifo to standard here, where only what is blocked has to be moved.
 */
export const DECLARE = `${BASICS}${GROUPS}${String.raw`
redis.call('HSETNX', 'queue::queues', P, ARGV[5])
redis.call('SADD', key('engines'), ARGV[1])
if ARGV[7] == '1' then redis.call('SADD', key('bound'), ARGV[1]) end
local before = redis.call('HGET', key('meta'), 'type') or 'standard'
redis.call('HSET', key('meta'), 'type', ARGV[2], 'max_jobs', ARGV[3], 'max_bytes', ARGV[4], 'delay_ms', ARGV[6])
if before ~= ARGV[2] then
  if ARGV[2] == 'fifo' then
    redis.call('HSET', key('meta'), 'cursor', 0)
    for _, name in ipairs({ 'active', 'aside' }) do
      for _, handle in ipairs(redis.call('HKEYS', key(name))) do redis.call('HINCRBY', key('busy'), group_of(handle), 1) end
    end
  else
    local blocked = redis.call('ZRANGE', key('blocked'), 0, -1, 'WITHSCORES')
    for at = 1, #blocked, 2 do
      local handle = first_of(blocked[at])
      if handle then
        redis.call('ZREM', key('waiting'), handle)
        redis.call('ZADD', key('delayed'), blocked[at + 1], handle)
      end
    end
    redis.call('UNLINK', key('groups'), key('busy'), key('blocked'), key('ready'))
  end
end
redis.call('DEL', key('hungry'))
redis.call('PUBLISH', 'queue::wake', P)
return 1
`}`

/** ARGV: engine. Forgets a queue in which nothing is stored and that no engine has. */
export const RETIRE = `${BASICS}${String.raw`
redis.call('SREM', key('engines'), ARGV[1])
if redis.call('SCARD', key('engines')) > 0 or redis.call('EXISTS', key('jobs')) == 1 then return 0 end
redis.call('HDEL', 'queue::queues', P)
for _, name in ipairs({ 'meta', 'hungry', 'starved', 'starts', 'dedup', 'dedup_until', 'wanting', 'lacking', 'bound', 'busy', 'ready', 'blocked', 'groups', 'state' }) do
  redis.call('DEL', key(name))
end
return 1
`}`

/** ARGV: 1 or 0. */
export const PAUSE = `${BASICS}${String.raw`
redis.call('HSET', key('meta'), 'paused', ARGV[1])
redis.call('DEL', key('hungry'))
redis.call('PUBLISH', 'queue::wake', P)
return 1
`}`

/** Replies with waiting, active, delayed, dead, paused, and the record of the first that waits. */
export const STATS = `${BASICS}${String.raw`
local due = redis.call('ZCOUNT', key('delayed'), '-inf', now)
local blocked = redis.call('ZCOUNT', key('blocked'), '(' .. text(now), '+inf')
local first = redis.call('ZRANGEBYSCORE', key('delayed'), '-inf', now, 'LIMIT', 0, 1)[1]
if not first then
  for _, handle in ipairs(redis.call('ZRANGE', key('waiting'), 0, blocked)) do
    local till = string.match(redis.call('HGET', key('state'), handle) or '', '^%d+ (%d+)')
    if not first and not (till and tonumber(till) > now) then first = handle end
  end
end
return {
  redis.call('ZCARD', key('waiting')) + due - blocked,
  redis.call('HLEN', key('active')) + redis.call('HLEN', key('aside')),
  redis.call('ZCARD', key('delayed')) - due + blocked,
  redis.call('ZCARD', key('dead')),
  redis.call('HGET', key('meta'), 'paused') or '0',
  first and redis.call('HGET', key('jobs'), first) or ''
}
`}`

/**
 * ARGV: `waiting` or `delayed`, jobs to skip, jobs wanted. Replies with handles, records and states. What is blocked in a fifo queue stands in
 * `waiting` and is delayed.
 */
export const LIST = `${BASICS}${GROUPS}${String.raw`
local skip, wanted = tonumber(ARGV[2]), tonumber(ARGV[3])
local found = {}
local function add(handle)
  if skip > 0 then skip = skip - 1 elseif #found < wanted then found[#found + 1] = handle end
end
if ARGV[1] == 'waiting' then
  local blocked = {}
  for _, group in ipairs(redis.call('ZRANGEBYSCORE', key('blocked'), '(' .. text(now), '+inf')) do
    local handle = first_of(group)
    if handle then blocked[handle] = true end
  end
  local count = redis.call('ZCOUNT', key('blocked'), '(' .. text(now), '+inf')
  for _, handle in ipairs(redis.call('ZRANGEBYSCORE', key('delayed'), '-inf', now, 'LIMIT', 0, skip + wanted)) do add(handle) end
  -- All that is skipped has no effect beyond its number, where nothing is blocked.
  local from = 0
  if count == 0 then from, skip = skip, 0 end
  for _, handle in ipairs(redis.call('ZRANGE', key('waiting'), from, from + skip + wanted + count - 1)) do
    if not blocked[handle] then add(handle) end
  end
else
  local last = skip + wanted
  local later = redis.call('ZRANGEBYSCORE', key('delayed'), '(' .. text(now), '+inf', 'WITHSCORES', 'LIMIT', 0, last)
  local blocked = redis.call('ZRANGEBYSCORE', key('blocked'), '(' .. text(now), '+inf', 'WITHSCORES', 'LIMIT', 0, last)
  local one, other = 1, 1
  while one <= #later or other <= #blocked do
    if other > #blocked or (one <= #later and tonumber(later[one + 1]) <= tonumber(blocked[other + 1])) then
      add(later[one])
      one = one + 2
    else
      local handle = first_of(blocked[other])
      if handle then add(handle) end
      other = other + 2
    end
  end
end
if #found == 0 then return { {}, {}, {} } end
return { found, redis.call('HMGET', key('jobs'), unpack(found)), redis.call('HMGET', key('state'), unpack(found)) }
`}`

/** ARGV: `newest` or `oldest`, jobs to skip, jobs wanted, and up to which number. Replies with handles, records, states, numbers. */
export const LIST_DEAD = `${BASICS}${String.raw`
local found
if ARGV[1] == 'newest' then
  found = redis.call('ZREVRANGEBYSCORE', key('dead'), ARGV[4], '-inf', 'WITHSCORES', 'LIMIT', ARGV[2], ARGV[3])
else
  found = redis.call('ZRANGEBYSCORE', key('dead'), '-inf', ARGV[4], 'WITHSCORES', 'LIMIT', ARGV[2], ARGV[3])
end
local handles, numbers_found = {}, {}
for at = 1, #found, 2 do
  handles[#handles + 1] = found[at]
  numbers_found[#numbers_found + 1] = found[at + 1]
end
if #handles == 0 then return { {}, {}, {}, {} } end
return {
  handles,
  redis.call('HMGET', key('jobs'), unpack(handles)),
  redis.call('HMGET', key('state'), unpack(handles)),
  numbers_found
}
`}`

/** ARGV: ids, as JSON text. Replies with handles and records of their dead letters, oldest failure first. */
export const FIND_DEAD = `${BASICS}${String.raw`
local found = {}
for _, id in ipairs(ARGV) do
  local prefix = #id .. ':' .. id .. ':'
  local members = redis.call('ZRANGEBYLEX', key('dead_ids'), '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', 0, 1)
  if members[1] then
    local handle = string.sub(members[1], #prefix + 1)
    found[#found + 1] = { handle, tonumber(redis.call('ZSCORE', key('dead'), handle) or 0) }
  end
end
table.sort(found, function(one, other) return one[2] < other[2] end)
local handles = {}
for at, each in ipairs(found) do handles[at] = each[1] end
if #handles == 0 then return { {}, {} } end
return { handles, redis.call('HMGET', key('jobs'), unpack(handles)) }
`}`

/**
 * ARGV: `redrive` or `discard`, then for each dead letter its handle, its id as JSON text, bytes of its payload. Replies with how many there still were. Of
 * its failures a job that is put back keeps the history.
 */
export const END_DEATH = `${BASICS}${String.raw`
local fifo = is_fifo()
local count = 0
for at = 2, #ARGV, 3 do
  local handle, id = ARGV[at], ARGV[at + 1]
  if redis.call('ZREM', key('dead'), handle) == 1 then
    count = count + 1
    redis.call('ZREM', key('dead_ids'), #id .. ':' .. id .. ':' .. handle)
    if ARGV[1] == 'discard' then
      redis.call('HDEL', key('jobs'), handle)
      redis.call('HDEL', key('state'), handle)
      redis.call('HINCRBY', key('meta'), 'bytes', -tonumber(ARGV[at + 2]))
    else
      local history = string.match(redis.call('HGET', key('state'), handle) or '', '^%d+ %d+ (.*)$') or '[]'
      redis.call('HSET', key('state'), handle, '0 0 ' .. history)
      redis.call('ZADD', key('waiting'), text(base(handle, fifo) + numbers(1) + 1), handle)
    end
  end
end
if count > 0 then wake() end
return count
`}`
