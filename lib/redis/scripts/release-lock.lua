#!lua flags=allow-oom
-- Gives a load lock back, if it still is the caller's.
-- KEYS: lock
-- ARGV: token
-- Returns: 1 when it was the caller's, else 0
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
