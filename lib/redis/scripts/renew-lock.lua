#!lua flags=allow-oom
-- Holds a load lock for longer, if it still is the caller's.
-- KEYS: lock
-- ARGV: token, lifeMs
-- Returns: 1 when it was the caller's, else 0
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
