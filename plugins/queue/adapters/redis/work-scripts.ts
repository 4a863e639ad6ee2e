// Scripts of deliveries: take jobs, say what became of them, set them aside, have back what a dead engine had.
import { BASICS, GROUPS, HANDS } from './script-parts.ts'

const SETTLE = String.raw`
local results, gone, bytes_gone = {}, {}, 0
local function bury(handle, id)
  redis.call('ZADD', key('dead'), text(numbers(1) + 1), handle)
  redis.call('ZADD', key('dead_ids'), 0, #id .. ':' .. id .. ':' .. handle)
end
local function retry(handle, from, score, run_at, fifo)
  if not fifo then return redis.call('ZADD', key('delayed'), text(run_at), handle) end
  local group = group_of(handle)
  if from == 'd' then score = text(base(handle, true) + numbers(1) + 1) end
  redis.call('ZADD', key('waiting'), score, handle)
  join(group, score, handle)
  if redis.call('HINCRBY', key('busy'), group, -1) > 0 then return end
  redis.call('HSET', key('busy'), group, 0)
  redis.call('ZADD', key('blocked'), text(run_at), group)
end
local function settle(kind, handle, token, one, two, three, fifo)
  local from, score = let_go(handle, token)
  if not from then return 'lost' end
  if kind == 'done' then
    gone[#gone + 1] = handle
    bytes_gone = bytes_gone + tonumber(one)
    if fifo then release(group_of(handle)) end
  elseif kind == 'retry' then
    local run_at = math.min(now + tonumber(one), 9007199254740991)
    redis.call('HSET', key('state'), handle, two .. ' ' .. text(run_at) .. ' ' .. three)
    retry(handle, from, score, run_at, fifo)
    return text(run_at)
  elseif kind == 'dead' then
    redis.call('HSET', key('state'), handle, two .. ' 0 ' .. three)
    bury(handle, one)
    if fifo then release(group_of(handle)) end
  else
    put_back(handle, from, score, fifo)
  end
  return ''
end
`

const TAKE = String.raw`
local taken, held = {}, {}
local function hold(handle, from, score)
  taken[#taken + 1] = handle
  held[#held + 1] = handle
  held[#held + 1] = ARGV[1] .. ':' .. text(tonumber(ARGV[7]) + #taken) .. ' ' .. from .. ' ' .. score
end
local function take_standard(free)
  local due = redis.call('ZRANGEBYSCORE', key('delayed'), '-inf', now, 'WITHSCORES', 'LIMIT', 0, free)
  for at = 1, #due, 2 do
    redis.call('ZREM', key('delayed'), due[at])
    hold(due[at], 'd', due[at + 1])
  end
  if #taken >= free then return false end
  local first = redis.call('ZPOPMIN', key('waiting'), free - #taken)
  for at = 1, #first, 2 do hold(first[at], 'w', first[at + 1]) end
  return false
end
-- Brings jobs to their groups that have come since the last time.
local function sort_into_groups()
  local cursor = redis.call('HGET', key('meta'), 'cursor') or '0'
  local found = redis.call('ZRANGEBYSCORE', key('waiting'), '(' .. cursor, '+inf', 'WITHSCORES', 'LIMIT', 0, 1000)
  for at = 1, #found, 2 do
    local group = group_of(found[at])
    join(group, found[at + 1], found[at])
    if redis.call('HEXISTS', key('busy'), group) == 0 then redis.call('ZADD', key('ready'), 'NX', found[at + 1], group) end
  end
  if #found > 0 then redis.call('HSET', key('meta'), 'cursor', found[#found]) end
  return #found == 2000
end
local function take_fifo(free)
  for _, group in ipairs(redis.call('ZRANGEBYSCORE', key('blocked'), '-inf', now, 'LIMIT', 0, 500)) do
    redis.call('ZREM', key('blocked'), group)
    redis.call('HDEL', key('busy'), group)
    make_ready(group)
  end
  local due = redis.call('ZRANGEBYSCORE', key('delayed'), '-inf', now, 'LIMIT', 0, 500)
  local number = #due > 0 and numbers(#due) or 0
  for at, handle in ipairs(due) do
    redis.call('ZREM', key('delayed'), handle)
    redis.call('ZADD', key('waiting'), text(base(handle, true) + number + at), handle)
  end
  local more = sort_into_groups()
  while #taken < free do
    local group = redis.call('ZPOPMIN', key('ready'))[1]
    if not group then break end
    local handle, score, member = first_of(group)
    if handle then
      redis.call('ZREM', key('groups'), member)
      redis.call('ZREM', key('waiting'), handle)
      redis.call('HINCRBY', key('busy'), group, 1)
      hold(handle, 'w', score)
    end
  end
  return more
end
-- How many may start now by the rate, and when the next one may.
local function allowed(wanted, max, per)
  if max == 0 then return wanted, nil end
  local first = tonumber(redis.call('LINDEX', key('starts'), 0))
  -- The clock was set back.
  if first and first > now then redis.call('DEL', key('starts')) end
  local room = max - redis.call('LLEN', key('starts'))
  first = tonumber(redis.call('LINDEX', key('starts'), 0))
  while room < wanted and first and first + per <= now do
    redis.call('LPOP', key('starts'))
    room = room + 1
    first = tonumber(redis.call('LINDEX', key('starts'), 0))
  end
  if room >= wanted then return wanted, nil end
  return math.max(0, room), first and first + per - now or 0
end
`

/**
 * KEYS: beginning of the queue's keys. ARGV 1–8: engine, lease in ms, concurrency, jobs wanted, rate and its ms (0 = none), number of the last token, slots that
 * the engine has; then for each outcome: kind, handle, token and three members. Replies with the results of the outcomes, handles, records and states of the jobs taken, ms until
 * it is worthwhile to look again (-1: when woken), whether there may be more at once, and how often something was set aside for lack of its function.
 */
export const WORK = `${BASICS}${GROUPS}${HANDS}${SETTLE}${TAKE}${String.raw`
local concurrency, wanted = tonumber(ARGV[3]), tonumber(ARGV[4])
local settings = redis.call('HMGET', key('meta'), 'type', 'paused', 'bytes', 'lacks')
local fifo, paused = settings[1] == 'fifo', settings[2] == '1'
redis.call('ZADD', 'queue::engines', now + tonumber(ARGV[2]), ARGV[1])
for at = 9, #ARGV, 6 do
  results[#results + 1] = settle(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], fifo)
end
if #gone > 0 then
  redis.call('HDEL', key('jobs'), unpack(gone))
  redis.call('HDEL', key('state'), unpack(gone))
  redis.call('HINCRBY', key('meta'), 'bytes', -bytes_gone)
end
local slots = concurrency - redis.call('HLEN', key('active'))
local free = math.min(wanted, slots - redis.call('SCARD', key('wanting')))
local more, rate_wait = false, nil
if paused then free = 0 end
redis.call('SREM', key('starved'), ARGV[1])
local starves = slots < wanted
if free > 0 and redis.call('EXISTS', key('starved')) == 1 then
  -- While others want slots, no engine has more than its share of them.
  local share = math.ceil(concurrency / math.max(1, redis.call('SCARD', key('engines')))) - tonumber(ARGV[8])
  if share < free then free, starves = math.max(0, share), true end
end
if free > 0 then
  -- Not more payload than fits well into one reply, on the average.
  local stored = redis.call('HLEN', key('jobs'))
  local bytes = tonumber(settings[3] or 0)
  if stored > 0 and bytes > 0 then free = math.min(free, math.max(1, math.floor(8388608 * stored / bytes))) end
  free, rate_wait = allowed(free, tonumber(ARGV[5]), tonumber(ARGV[6]))
end
if free > 0 then
  if fifo then more = take_fifo(free) else take_standard(free) end
end
local records, states = {}, {}
if #taken > 0 then
  redis.call('HSET', key('active'), unpack(held))
  records = redis.call('HMGET', key('jobs'), unpack(taken))
  states = redis.call('HMGET', key('state'), unpack(taken))
  if ARGV[5] ~= '0' then for _ = 1, #taken do redis.call('RPUSH', key('starts'), now) end end
end
local again = -1
if #taken < wanted and not paused then
  redis.call('SADD', key(starves and 'starved' or 'hungry'), ARGV[1])
  for _, name in ipairs({ 'delayed', 'blocked' }) do
    local first = redis.call('ZRANGE', key(name), 0, 0, 'WITHSCORES')[2]
    if first then
      local wait = math.max(0, tonumber(first) - now)
      if again < 0 or wait < again then again = wait end
    end
  end
  if slots - #taken <= 0 then again = -1 end
  if rate_wait then again = rate_wait end
end
if #results + #taken > 0 and slots > #taken and not paused then
  local wanting = redis.call('SCARD', key('wanting'))
  local left = redis.call('ZCARD', key(fifo and 'ready' or 'waiting')) + wanting
  if wanting > 0 then
    -- Whoever wants one need not be among the starved any more.
    redis.call('DEL', key('hungry'))
    redis.call('PUBLISH', 'queue::wake', P)
  elseif left == 0 then
    -- What they want from now on is jobs.
    if redis.call('SUNIONSTORE', key('hungry'), key('hungry'), key('starved')) > 0 then redis.call('DEL', key('starved')) end
  elseif not rate_wait then
    wake_all()
  end
end
return { results, taken, records, states, again, more and 1 or 0, paused and '' or settings[4] or '' }
`}`

/** ARGV: handle, token, 1 = for lack of its function, which another engine may have. Gives the slot away. */
export const SET_ASIDE = `${BASICS}${String.raw`
local held = redis.call('HGET', key('active'), ARGV[1])
if not held or string.match(held, '^(%S+)') ~= ARGV[2] then return 0 end
redis.call('HDEL', key('active'), ARGV[1])
redis.call('HSET', key('aside'), ARGV[1], held)
if ARGV[3] == '1' then
  redis.call('SADD', key('lacking'), ARGV[1])
  redis.call('HINCRBY', key('meta'), 'lacks', 1)
end
wake_all()
return 1
`}`

/** ARGV: engine, jobs wanted. Replies with handles and the first lines of records of what other engines have set aside for lack of its function. */
export const LACKING = `${BASICS}${String.raw`
local handles, targets = {}, {}
local own = ARGV[1] .. ':'
for _, handle in ipairs(redis.call('SRANDMEMBER', key('lacking'), ARGV[2])) do
  local held = redis.call('HGET', key('aside'), handle)
  local record = held and string.sub(held, 1, #own) ~= own and redis.call('HGET', key('jobs'), handle)
  if record then
    handles[#handles + 1] = handle
    targets[#targets + 1] = string.match(record, '^[^\n]*')
  end
end
return { handles, targets }
`}`

/**
 * ARGV: engine, number of the last token, then handles. Takes over what others have set aside for lack of its function; it stays aside. Replies with handles, records,
 * states and tokens, and tells whoever had them.
 */
export const ADOPT = `${BASICS}${String.raw`
local adopted, tokens = {}, {}
for at = 3, #ARGV do
  local held = redis.call('HGET', key('aside'), ARGV[at])
  if held and redis.call('SREM', key('lacking'), ARGV[at]) == 1 then
    local holder, from, score = string.match(held, '^(%S+) (%a) (%S+)$')
    local token = ARGV[1] .. ':' .. text(tonumber(ARGV[2]) + #adopted + 1)
    redis.call('HSET', key('aside'), ARGV[at], token .. ' ' .. from .. ' ' .. score)
    redis.call('SREM', key('wanting'), ARGV[at])
    redis.call('PUBLISH', 'queue::wake', 'left ' .. holder)
    adopted[#adopted + 1] = ARGV[at]
    tokens[#tokens + 1] = token
  end
end
if #adopted == 0 then return { {}, {}, {}, {} } end
return { adopted, redis.call('HMGET', key('jobs'), unpack(adopted)), redis.call('HMGET', key('state'), unpack(adopted)), tokens }
`}`

/** ARGV: handle, token, concurrency, engine. Takes a slot back. Replies with 1 = it has one, 2 = it has lost the job; 0 = there is none, to be asked again when woken. */
export const TAKE_UP = `${BASICS}${String.raw`
local held = redis.call('HGET', key('aside'), ARGV[1])
if not held or string.match(held, '^(%S+)') ~= ARGV[2] then return 2 end
redis.call('SREM', key('lacking'), ARGV[1])
if redis.call('HLEN', key('active')) < tonumber(ARGV[3]) then
  redis.call('HDEL', key('aside'), ARGV[1])
  redis.call('SREM', key('wanting'), ARGV[1])
  redis.call('HSET', key('active'), ARGV[1], held)
  return 1
end
redis.call('SADD', key('wanting'), ARGV[1])
redis.call('SADD', key('starved'), ARGV[4])
return 0
`}`

/** ARGV: engine, then the tokens that it still has. Everything else that is said to be in its hands waits again. Replies with how much that was. */
export const HAVE_BACK = `${BASICS}${GROUPS}${HANDS}${String.raw`
local kept = {}
for at = 2, #ARGV do kept[ARGV[at]] = true end
local fifo = is_fifo()
local count = 0
local own = ARGV[1] .. ':'
for _, name in ipairs({ 'active', 'aside' }) do
  local found = redis.call('HGETALL', key(name))
  for at = 1, #found, 2 do
    local token = string.match(found[at + 1], '^(%S+)')
    if string.sub(token, 1, #own) == own and not kept[token] then
      local from, score = let_go(found[at], token)
      put_back(found[at], from, score, fifo)
      count = count + 1
    end
  end
end
if #ARGV == 1 then
  redis.call('SREM', key('engines'), ARGV[1])
  redis.call('SREM', key('bound'), ARGV[1])
  redis.call('SREM', key('hungry'), ARGV[1])
  redis.call('SREM', key('starved'), ARGV[1])
end
if count > 0 then wake_all() end
return count
`}`
