#!lua
-- Asks every process what it would still serve after an invalidation.
-- KEYS: probes
-- ARGV: question, most
-- Returns: the id of the question
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'r', ARGV[1])
