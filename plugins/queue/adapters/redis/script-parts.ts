// What the scripts of the Redis backend have in common: names of keys, places of jobs, groups of fifo queues. Each script is one atomic step on
// the server. docs/reference/redis.md says what stands in which key.

/**
 * `P`: beginning of the keys of the queue at hand. A job is known by its handle: `<number>[.<priority>][:<group>]`, for good. Its place is a score: the
 * larger the priority the smaller, then by number. Numbers are those of all queues, so that what is moved from one to another keeps its place.
 * Numbers that become text are written by `text`: Lua itself would round them to 14 digits.
 */
export const BASICS = String.raw`
local P = KEYS[1]
local function key(name) return P .. ':' .. name end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local function numbers(count) return redis.call('INCRBY', 'queue::seq', count) - count end
local function base(handle, fifo)
  local priority = not fifo and tonumber(string.match(handle, '^%d+%.(%d+)')) or 0
  return (255 - priority) * 17592186044416
end
-- Jobs have come: hungry are engines that have looked for some and found none, starved those that found no free slot.
local function wake()
  if redis.call('DEL', key('hungry')) == 1 then redis.call('PUBLISH', 'queue::wake', P) end
end
-- Slots or jobs have become free.
local function wake_all()
  if redis.call('DEL', key('hungry')) + redis.call('EXISTS', key('starved')) > 0 then redis.call('PUBLISH', 'queue::wake', P) end
end
local function is_fifo() return redis.call('HGET', key('meta'), 'type') == 'fifo' end
`

/**
 * Groups. All jobs that wait stand in `waiting`; those up to the cursor stand in `groups` as well, ordered by group and place. `busy` counts the active
 * jobs of a group; 0 = its first job waits for its next attempt, until the time in `blocked`. Groups in `ready` have a job and are not busy.
 */
export const GROUPS = String.raw`
local function group_of(handle) return string.match(handle, ':(.*)$') or '' end
local function prefix_of(group) return #group .. ':' .. group .. ':' end
local function join(group, score, handle)
  redis.call('ZADD', key('groups'), 0, prefix_of(group) .. string.format('%016.0f', tonumber(score)) .. handle)
end
local function first_of(group)
  local prefix = prefix_of(group)
  local member = redis.call('ZRANGEBYLEX', key('groups'), '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', 0, 1)[1]
  if not member then return nil end
  return string.sub(member, #prefix + 17), string.sub(member, #prefix + 1, #prefix + 16), member
end
local function make_ready(group)
  local _, score = first_of(group)
  if score then redis.call('ZADD', key('ready'), score, group) end
end
local function release(group)
  if redis.call('HINCRBY', key('busy'), group, -1) > 0 then return end
  redis.call('HDEL', key('busy'), group)
  redis.call('ZREM', key('blocked'), group)
  make_ready(group)
end
`

/** What an engine has in hand: `active` and `aside` hold `<token> <w or d> <score>`, of where the job was taken from, `waiting` or `delayed`. */
export const HANDS = String.raw`
local function let_go(handle, token)
  for _, name in ipairs({ 'active', 'aside' }) do
    local held = redis.call('HGET', key(name), handle)
    if held then
      local holder, from, score = string.match(held, '^(%S+) (%a) (%S+)$')
      if holder == token then
        redis.call('HDEL', key(name), handle)
        if name == 'aside' then
          redis.call('SREM', key('wanting'), handle)
          redis.call('SREM', key('lacking'), handle)
        end
        return from, score
      end
    end
  end
  return nil
end
local function put_back(handle, from, score, fifo)
  redis.call('ZADD', key(from == 'd' and 'delayed' or 'waiting'), score, handle)
  if not fifo then return end
  local group = group_of(handle)
  if from == 'w' then join(group, score, handle) end
  release(group)
end
`
