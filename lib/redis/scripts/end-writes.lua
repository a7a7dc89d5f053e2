#!lua flags=allow-oom
-- Takes writes off the queue that their sink has; those that got a newer value meanwhile go to its end.
-- KEYS: lease, queue, unwritten
-- ARGV: token, leaseMs, writes
--   writes: as JSON, [[id, key, position], …]
-- Returns: how many wait, or -1 when the caller isn't the flusher any more
local lease, queue, unwritten = KEYS[1], KEYS[2], KEYS[3]
local token, leaseMs = ARGV[1], ARGV[2]

if redis.call('GET', lease) ~= token then return -1 end
redis.call('PEXPIRE', lease, leaseMs)
for _, write in ipairs(cjson.decode(ARGV[3])) do
  local id, key, position = write[1], write[2], write[3]
  local value = redis.call('HGET', unwritten, key)
  if value and string.match(value, '^(%d+)|') == position then
    redis.call('HDEL', unwritten, key)
  elseif value then
    redis.call('XADD', queue, '*', 'k', key)
  end
  redis.call('XACK', queue, 'flushers', id)
  redis.call('XDEL', queue, id)
end
return redis.call('HLEN', unwritten)
