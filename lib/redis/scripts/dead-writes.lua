#!lua flags=no-writes
-- Dead letters behind an id, oldest first, and how many writes wait.
-- KEYS: dead, unwritten
-- ARGV: afterId, count
-- Returns: { total, waiting, id, key, value, note, id, key, value, note … }
local reply = { redis.call('XLEN', KEYS[1]), redis.call('HLEN', KEYS[2]) }
for _, item in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])) do
  reply[#reply + 1] = item[1]
  for field = 2, 6, 2 do reply[#reply + 1] = item[2][field] end
end
return reply
