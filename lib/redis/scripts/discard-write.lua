#!lua flags=allow-oom
-- Forgets a dead letter.
-- KEYS: dead, deadKeys
-- ARGV: id
-- Returns: 1 when there was one, else 0
local item = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not item then return 0 end
local key = item[2][2]
if redis.call('HGET', KEYS[2], key) == ARGV[1] then redis.call('HDEL', KEYS[2], key) end
return redis.call('XDEL', KEYS[1], ARGV[1])
