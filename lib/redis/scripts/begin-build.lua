#!lua flags=allow-oom
-- Begins a filter that replaces the one in use when it is complete. One process at a time.
-- KEYS: state
-- ARGV: generation, leaseMs
-- Returns: { outcome, leftovers }; outcome: begun, or busy; leftovers: filters nobody needs any more, separated by a space
local generation, leaseMs = ARGV[1], tonumber(ARGV[2])

-- include history

local state = redis.call('HMGET', KEYS[1], 'building', 'leaseUntil', 'old')
local now = nowMs()
-- the answer to the first time may have been lost
if state[1] == generation then return { 'begun', '' } end
if state[1] and now < tonumber(state[2] or '0') then return { 'busy', '' } end
local leftovers = (state[1] or '') .. ' ' .. (state[3] or '')
redis.call('HDEL', KEYS[1], 'old')
redis.call('HSET', KEYS[1], 'building', generation, 'buildingHistory', history(), 'buildingIds', 0)
redis.call(
  'HSET', KEYS[1], 'begun', string.format('%.0f', now), 'leaseUntil', string.format('%.0f', now + leaseMs)
)
return { 'begun', leftovers }
