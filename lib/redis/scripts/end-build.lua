#!lua flags=allow-oom
-- Puts a filter into use that is complete, or gives it up.
-- KEYS: state, writes
-- ARGV: generation, token, complete
-- Returns: { outcome, old }; outcome: live, given up, or gone when it was no longer the caller's; old: what was in use
local generation, token = ARGV[1], ARGV[2]

-- include history

local state = redis.call('HMGET', KEYS[1], 'building', 'buildingHistory', 'token', 'live', 'buildingIds', 'begun')
if state[1] ~= generation or state[3] ~= token then return { 'gone', '' } end
redis.call('HDEL', KEYS[1], 'building', 'buildingHistory', 'token', 'leaseUntil', 'buildingIds', 'begun')
if ARGV[3] == '0' then return { 'given up', '' } end
if state[2] ~= history() then return { 'gone', '' } end
local old = state[4] or ''
redis.call('HSET', KEYS[1], 'live', generation, 'liveHistory', state[2], 'liveIds', state[5], 'old', old)
redis.call('HSET', KEYS[1], 'builtAt', string.format('%.0f', nowMs()))
-- what was written before it began is among what it was built from
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. state[6])
return { 'live', old }
