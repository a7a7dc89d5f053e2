#!lua flags=allow-oom
-- Adds ids to one bitmap of a filter: for a writer, or, with a lease, for the process that builds it.
-- KEYS: state, bitmap
-- ARGV: generation, leaseMs, ids, positions
-- Returns: { outcome, live, building, liveIds, builtAt }; outcome: marked, or gone when there is no such filter (any more)
local generation, leaseMs = ARGV[1], tonumber(ARGV[2])

-- include history

local state = redis.call('HMGET', KEYS[1], 'live', 'liveHistory', 'building', 'buildingHistory', 'builtAt')
local live, building = state[1] or '', state[3] or ''
-- what a server has that took over may lack ids, and so may what has lost a bitmap: nobody completes it any more
local current = history()
local function drop(role)
  redis.call('HDEL', KEYS[1], role, role .. 'History')
  return ''
end
if live ~= '' and state[2] ~= current then live = drop('live') end
if building ~= '' and state[4] ~= current then building = drop('building') end
if generation ~= '' and (live == generation or building == generation) and redis.call('EXISTS', KEYS[2]) == 0 then
  if live == generation then live = drop('live') end
  if building == generation then building = drop('building') end
end

local isThere = generation ~= '' and (live == generation or building == generation)
local function reply(outcome)
  return { outcome, live, building, redis.call('HGET', KEYS[1], 'liveIds') or '0', state[5] or '0' }
end
if not isThere then return reply('gone') end
for position in string.gmatch(ARGV[4], '%d+') do redis.call('SETBIT', KEYS[2], position, 1) end
local counter = building == generation and 'buildingIds' or 'liveIds'
redis.call('HINCRBY', KEYS[1], counter, ARGV[3])
if leaseMs > 0 then redis.call('HSET', KEYS[1], 'leaseUntil', string.format('%.0f', nowMs() + leaseMs)) end
return reply('marked')
