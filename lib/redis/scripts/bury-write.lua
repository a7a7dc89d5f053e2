#!lua
-- Puts a write that its sink doesn't take among the dead letters, unless it got a newer value meanwhile.
-- KEYS: lease, queue, unwritten, dead, deadKeys
-- ARGV: token, id, key, position, note, maxDead
-- Returns: 'buried', 'superseded', 'full', or 'lost' when the caller isn't the flusher any more
local lease, queue, unwritten, dead, deadKeys = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, id, key, position, note, maxDead = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])

if redis.call('GET', lease) ~= token then return 'lost' end
local value = redis.call('HGET', unwritten, key)
local isNewest = value and string.match(value, '^(%d+)|') == position
if isNewest and redis.call('XLEN', dead) >= maxDead then return 'full' end
if isNewest then
  redis.call('HSET', deadKeys, key, redis.call('XADD', dead, '*', 'k', key, 'v', value, 'n', note))
  redis.call('HDEL', unwritten, key)
elseif value then
  redis.call('XADD', queue, '*', 'k', key)
end
redis.call('XACK', queue, 'flushers', id)
redis.call('XDEL', queue, id)
return isNewest and 'buried' or 'superseded'
