// Scripts that store jobs: enqueue, publish, subscribe.
import { BASICS } from './script-parts.ts'

/**
 * `put` stores one job; what it wants written to `jobs`, `waiting` and `delayed` is gathered and written by `flush`. Deduplication: field = key,
 * value = `<until> <id>`, both as JSON text.
 */
const PUT = String.raw`
local jobs, waiting, delayed = {}, {}, {}
local function flush()
  if #jobs > 0 then redis.call('HSET', key('jobs'), unpack(jobs)) end
  if #waiting > 0 then redis.call('ZADD', key('waiting'), unpack(waiting)) end
  if #delayed > 0 then redis.call('ZADD', key('delayed'), unpack(delayed)) end
  jobs, waiting, delayed = {}, {}, {}
end
local function put(number, suffix, run_at, record, fifo)
  local handle = text(number) .. suffix
  jobs[#jobs + 1] = handle
  jobs[#jobs + 1] = record
  if run_at ~= '' and tonumber(run_at) > now then
    delayed[#delayed + 1] = run_at
    delayed[#delayed + 1] = handle
  else
    waiting[#waiting + 1] = text(base(handle, fifo) + number)
    waiting[#waiting + 1] = handle
  end
  if #jobs >= 1000 then flush() end
end
local function holder_of(name, window, id)
  local found = redis.call('HGET', key('dedup'), name)
  if found then
    local till, holder = string.match(found, '^(%d+) (.*)$')
    if tonumber(till) > now then return holder end
  end
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', key('dedup_until'), '-inf', now, 'LIMIT', 0, 10)) do
    redis.call('ZREM', key('dedup_until'), old)
    redis.call('HDEL', key('dedup'), old)
  end
  local till = math.min(now + tonumber(window), 9007199254740991)
  redis.call('HSET', key('dedup'), name, text(till) .. ' ' .. id)
  redis.call('ZADD', key('dedup_until'), text(till), name)
  return nil
end
local function lack_of_room(count, bytes)
  local limits = redis.call('HMGET', key('meta'), 'max_jobs', 'max_bytes', 'bytes')
  if limits[1] and limits[1] ~= '' then
    local held = redis.call('HLEN', key('jobs'))
    if held + count > tonumber(limits[1]) then return { 'jobs', P, held, limits[1] } end
  end
  if limits[2] and limits[2] ~= '' then
    local held = tonumber(limits[3] or 0)
    if held + bytes > tonumber(limits[2]) then return { 'bytes', P, held, limits[2], held + bytes } end
  end
  return nil
end
`

/**
 * ARGV, for each queue: beginning of its keys, bytes of the payloads, number of jobs; for each job: suffix of the handle, time or nothing, deduplication
 * or nothing (`<window>:<bytes of id>:<id><key>`), bytes of its payload, record. Replies with 1 = all stored, or for each job the id of the one that
 * stands for it or nothing, or with what there is no room for: `{'jobs' | 'bytes', ...}`.
 */
export const ENQUEUE = `${BASICS}${PUT}${String.raw`
local at = 1
while at <= #ARGV do
  P = ARGV[at]
  local count = tonumber(ARGV[at + 2])
  local lack = lack_of_room(count, tonumber(ARGV[at + 1]))
  if lack then return lack end
  at = at + 3 + 5 * count
end
local answers, others = {}, 0
at = 1
while at <= #ARGV do
  P = ARGV[at]
  local bytes, count = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local fifo = is_fifo()
  local number = numbers(count)
  for job = at + 3, at + 2 + 5 * count, 5 do
    local holder = nil
    local dedup = ARGV[job + 2]
    if dedup ~= '' then
      local window, length, rest = string.match(dedup, '^(%d+):(%d+):(.*)$')
      holder = holder_of(string.sub(rest, length + 1), window, string.sub(rest, 1, length))
    end
    if holder then
      others = others + 1
      bytes = bytes - tonumber(ARGV[job + 3])
    else
      number = number + 1
      put(number, ARGV[job], ARGV[job + 1], ARGV[job + 4], fifo)
    end
    answers[#answers + 1] = holder or ''
  end
  flush()
  redis.call('HINCRBY', key('meta'), 'bytes', bytes)
  wake()
  at = at + 3 + 5 * count
end
if others == 0 then return 1 end
return answers
`}`

/**
 * KEYS: subscriptions of the topic, beginning of the keys of its backlog. ARGV 1–10: suffix of the handle, time or nothing, window and key of the deduplication
 * or nothing, second line of the records, payload, its bytes, what the registry says of the backlog, channel or nothing, what is published there;
 * then ids for the copies. Replies with the number of copies stored, or that of the ids that are needed, negative, or with the lack of room.
 */
export const PUBLISH = `${BASICS}${PUT}${String.raw`
local found = redis.call('HGETALL', KEYS[1])
if #found == 0 then
  found = { KEYS[2], '"",null]' }
  redis.call('HSETNX', 'queue::queues', KEYS[2], ARGV[8])
end
if #found / 2 > #ARGV - 10 then return -#found / 2 end
local bytes = tonumber(ARGV[7])
for at = 1, #found, 2 do
  P = found[at]
  local lack = lack_of_room(1, bytes)
  if lack then return lack end
end
-- Each copy is delayed as its subscription says, unless the publisher does.
local function run_at()
  if ARGV[2] ~= '' then return ARGV[2] end
  local delay = tonumber(redis.call('HGET', key('meta'), 'delay_ms') or 0)
  return delay > 0 and text(now + delay) or ''
end
local number = numbers(#found / 2)
local stored = 0
for at = 1, #found, 2 do
  P = found[at]
  local id = ARGV[10 + (at + 1) / 2]
  if ARGV[4] == '' or not holder_of(ARGV[4], ARGV[3], id) then
    number = number + 1
    stored = stored + 1
    put(number, ARGV[1], run_at(), '[' .. id .. ',' .. found[at + 1] .. '\n' .. ARGV[5] .. '\n' .. ARGV[6], is_fifo())
    flush()
    redis.call('HINCRBY', key('meta'), 'bytes', bytes)
    wake()
  end
end
if ARGV[9] ~= '' then redis.call('PUBLISH', ARGV[9], ARGV[10]) end
return stored
`}`

/**
 * KEYS: beginnings of the keys of the subscription's queue and of the topic's backlog, subscriptions of the topic. ARGV: function and namespace for records, what
 * the list of subscriptions says, whether the backlog is this one's in any case. Takes the backlog, at once or a part of it. Replies with 1 when there is
 * more.
 */
export const SUBSCRIBE = `${BASICS}${String.raw`
local backlog = KEYS[2]
local function of_backlog(name) return backlog .. ':' .. name end
if redis.call('HSET', KEYS[3], P, ARGV[1]) == 1 then redis.call('PUBLISH', 'queue::wake', 'topics') end
redis.call('HSET', 'queue::subscriptions', P, ARGV[2])
if redis.call('HLEN', KEYS[3]) > 1 and ARGV[3] ~= '1' then return 0 end
if redis.call('EXISTS', of_backlog('jobs')) == 0 then return 0 end
redis.call('HSET', key('meta'), 'cursor', 0)
if redis.call('EXISTS', key('jobs')) == 0 then
  for _, name in ipairs({ 'jobs', 'waiting', 'delayed', 'dedup', 'dedup_until' }) do
    redis.call('DEL', key(name))
    if redis.call('EXISTS', of_backlog(name)) == 1 then redis.call('RENAME', of_backlog(name), key(name)) end
  end
else
  for _, name in ipairs({ 'waiting', 'delayed' }) do
    local found = redis.call('ZRANGE', of_backlog(name), 0, 499, 'WITHSCORES')
    for at = 1, #found, 2 do
      local handle = found[at]
      redis.call('HSET', key('jobs'), handle, redis.call('HGET', of_backlog('jobs'), handle))
      redis.call('ZADD', key(name), found[at + 1], handle)
      redis.call('HDEL', of_backlog('jobs'), handle)
      redis.call('ZREM', of_backlog(name), handle)
    end
  end
  if redis.call('EXISTS', of_backlog('jobs')) == 1 then return 1 end
end
redis.call('HINCRBY', key('meta'), 'bytes', redis.call('HGET', of_backlog('meta'), 'bytes') or 0)
redis.call('DEL', of_backlog('meta'), of_backlog('dedup'), of_backlog('dedup_until'))
redis.call('HDEL', 'queue::queues', backlog)
wake()
return 0
`}`

/** KEYS: beginning of the keys of the subscription's queue, subscriptions of the topic. ARGV: engine. Replies with 0 = another engine has somebody bound to it. */
export const UNSUBSCRIBE = `${BASICS}${String.raw`
redis.call('SREM', key('bound'), ARGV[1])
if redis.call('SCARD', key('bound')) > 0 then return 0 end
redis.call('HDEL', KEYS[2], P)
redis.call('HDEL', 'queue::subscriptions', P)
redis.call('PUBLISH', 'queue::wake', 'topics')
return 1
`}`

/** ARGV: engine. It has nobody bound to the subscription any more; the subscription stays. */
export const UNBIND = `${BASICS}${String.raw`
return redis.call('SREM', key('bound'), ARGV[1])
`}`
