#!lua flags=allow-oom
-- Notes that a write has begun whose id nobody knows yet, or that its id is added.
-- KEYS: writes
-- ARGV: token, begins
-- Returns: 1 when that was news, else 0
if ARGV[2] == '0' then return redis.call('ZREM', KEYS[1], ARGV[1]) end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
