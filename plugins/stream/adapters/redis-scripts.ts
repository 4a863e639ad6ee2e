// The server-side scripts of streams in Redis. Each write is one atomic step: the item, the place of its event in the history, its
// timestamp, the journal and the publication. Everything that can be refused is read before anything is written.

/**
 * Beginning of each script that emits. KEYS: hash of the group, epoch, journal, stamped. ARGV 1–6: channel, events and bytes that the
 * journal keeps, epoch if there is none, the names as members of the wrapper, the item as one text.
 * `tell` emits one event; `told` collects timestamp and offset of each. Timestamps follow `history/timestamps.ts`.
 */
const TELL = `
local names, item = ARGV[5], ARGV[6]
local max_events, max_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local state = redis.call('HMGET', KEYS[2], 'epoch', 'offset', 'timestamp', 'bytes')
local epoch = state[1] or ARGV[4]
local offset, latest, bytes = tonumber(state[2] or 0), tonumber(state[3] or 0), tonumber(state[4] or 0)
local length = redis.call('XLEN', KEYS[3])
local stamped = redis.call('SISMEMBER', KEYS[4], item) == 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local told = {}

local function stamp()
  if now > latest then
    latest = now
    redis.call('DEL', KEYS[4])
  elseif stamped or redis.call('SCARD', KEYS[4]) >= 1024 then
    latest = latest + 1
    redis.call('DEL', KEYS[4])
  end
  redis.call('SADD', KEYS[4], item)
  stamped = true
end

local function keep(wrapper)
  redis.call('XADD', KEYS[3], string.format('%.0f-0', offset), 'm', wrapper)
  length = length + 1
  bytes = bytes + #wrapper
  while length > max_events or bytes > max_bytes do
    local oldest = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
    if not oldest then
      length, bytes = 0, 0
      break
    end
    redis.call('XDEL', KEYS[3], oldest[1])
    length = length - 1
    bytes = bytes - #oldest[2][2]
  end
end

local function tell(event)
  if not state[1] and #told == 0 then
    redis.call('DEL', KEYS[3])
    length = 0
  end
  stamp()
  -- An engine without a history must not leave gaps in that of others.
  if max_events > 0 then offset = offset + 1 end
  local wrapper = '{"type":"stream","timestamp":' .. string.format('%.0f', latest) .. ',' .. names
  if max_events > 0 then
    wrapper = wrapper .. ',"position":"' .. epoch .. '-' .. string.format('%.0f', offset) .. '"'
  end
  wrapper = wrapper .. ',"event":' .. event .. '}'
  if max_events > 0 then keep(wrapper) end
  redis.call('HSET', KEYS[2], 'epoch', epoch, 'offset', string.format('%.0f', offset),
    'timestamp', string.format('%.0f', latest), 'bytes', string.format('%.0f', bytes))
  redis.call('PUBLISH', ARGV[1], wrapper)
  told[#told + 1] = latest
  told[#told + 1] = offset
end
`

/** ARGV 7–8: item, value. Replies [old value or nil, epoch, told]. */
export const SET = `${TELL}
local old = redis.call('HGET', KEYS[1], ARGV[7])
redis.call('HSET', KEYS[1], ARGV[7], ARGV[8])
tell('{"type":"' .. (old and 'update' or 'create') .. '","data":' .. ARGV[8] .. '}')
return {old, epoch, told}`

/** ARGV 7: item. Replies as SET. */
export const DELETE = `${TELL}
local old = redis.call('HGET', KEYS[1], ARGV[7])
if old then
  redis.call('HDEL', KEYS[1], ARGV[7])
  tell('{"type":"delete","data":' .. old .. '}')
end
return {old, epoch, told}`

/**
 * ARGV 7: item; 8–9: '1' and the expected value, or '0' for none; 10–11: '1' and the value after, or '0' to delete; then the events.
 * Replies [1, epoch, told], or [0, current value or nil].
 */
export const SWAP = `${TELL}
local current = redis.call('HGET', KEYS[1], ARGV[7])
if ARGV[8] == '1' then
  if current ~= ARGV[9] then return {0, current} end
elseif current then
  return {0, current}
end
if ARGV[10] == '1' then
  redis.call('HSET', KEYS[1], ARGV[7], ARGV[11])
else
  redis.call('HDEL', KEYS[1], ARGV[7])
end
for index = 12, #ARGV do tell(ARGV[index]) end
return {1, epoch, told}`

/** ARGV 7: the event. Replies [nil, epoch, told]. */
export const EMIT = `${TELL}
tell(ARGV[7])
return {false, epoch, told}`

/**
 * KEYS: epoch, journal. ARGV: epoch if there is none, epoch and offset of the newest event that the caller knows ('' = none).
 * A server that knows less than it has told before was set back, by a restore or a fail-over: then the epoch ends, because its
 * offsets would be given out twice. Replies [epoch, offset].
 */
export const STATE = `
local state = redis.call('HMGET', KEYS[1], 'epoch', 'offset')
local epoch, offset = state[1], tonumber(state[2] or 0)
if not epoch or (epoch == ARGV[2] and offset < tonumber(ARGV[3])) then
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', string.format('%.0f', offset), 'bytes', 0)
  redis.call('DEL', KEYS[2])
end
return {epoch, offset}`

/** KEYS: hash of the group, epoch. ARGV: '1' and an item, or '0' for all. Replies [epoch or nil, offset, values]. */
export const SNAPSHOT = `
local state = redis.call('HMGET', KEYS[2], 'epoch', 'offset')
local values
if ARGV[1] == '1' then
  values = {redis.call('HGET', KEYS[1], ARGV[2])}
  if not values[1] then values = {} end
else
  values = redis.call('HVALS', KEYS[1])
end
return {state[1], tonumber(state[2] or 0), values}`
