#!lua flags=no-writes
-- The values of keys that wait for their sink.
-- KEYS: unwritten
-- ARGV: keys
--   keys: as JSON
-- Returns: for each key its value, or false
return redis.call('HMGET', KEYS[1], unpack(cjson.decode(ARGV[1])))
