#!lua flags=allow-oom
-- Makes an empty bitmap of its full length that goes by itself unless it is kept; with no life, keeps it.
-- KEYS: bitmap
-- ARGV: bits, lifeMs
-- Returns: 1 when it is there, else 0
if ARGV[2] == '0' then
  redis.call('PERSIST', KEYS[1])
  return redis.call('EXISTS', KEYS[1])
end
redis.call('SETBIT', KEYS[1], tonumber(ARGV[1]) - 1, 0)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
