#!lua flags=allow-oom
-- Puts a filter into use that is complete, or gives it up.
-- KEYS: state, writes
-- ARGV: generation, complete
-- Returns: { outcome, old }; outcome: live, given up, or gone when another process has begun one; old: what was in use
local generation, complete = ARGV[1], ARGV[2]

-- include history

local state = redis.call('HMGET', KEYS[1], 'building', 'buildingHistory', 'live', 'buildingIds', 'begun')
-- the answer to the first time may have been lost
if state[3] == generation then return { 'live', redis.call('HGET', KEYS[1], 'old') or '' } end
if state[1] ~= generation then return { 'gone', '' } end
redis.call('HDEL', KEYS[1], 'building', 'buildingHistory', 'leaseUntil', 'buildingIds', 'begun')
if complete == '0' then return { 'given up', '' } end
if state[2] ~= history() then return { 'gone', '' } end
local old = state[3] or ''
redis.call('HSET', KEYS[1], 'live', generation, 'liveHistory', state[2], 'liveIds', state[4], 'old', old)
redis.call('HSET', KEYS[1], 'builtAt', string.format('%.0f', nowMs()))
-- what was written before it began is among what it was built from
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. state[5])
return { 'live', old }
