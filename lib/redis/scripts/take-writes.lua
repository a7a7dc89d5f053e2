#!lua flags=allow-oom
-- Makes the caller the one flusher of a queue, or prolongs that, and hands it the next writes. Where nothing waits,
-- nobody is the flusher: the next write may be anybody's to carry.
-- KEYS: lease, queue, unwritten
-- ARGV: token, leaseMs, count, retryMs
-- Returns: { 'busy', waiting }, or { 'taken', waiting, id, key, deliveries, value, id, key, deliveries, value … }
local lease, queue, unwritten = KEYS[1], KEYS[2], KEYS[3]
local token, leaseMs, count, retryMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

local holder = redis.call('GET', lease)
if holder and holder ~= token then return { 'busy', redis.call('HLEN', unwritten) } end
redis.call('SET', lease, token, 'PX', leaseMs)

local group = redis.pcall('XGROUP', 'CREATE', queue, 'flushers', '0', 'MKSTREAM')
if type(group) == 'table' and group.err and not string.find(group.err, 'BUSYGROUP', 1, true) then return group end
-- places that were lost with the queue
if redis.call('XLEN', queue) == 0 then
  for _, key in ipairs(redis.call('HKEYS', unwritten)) do redis.call('XADD', queue, '*', 'k', key) end
end

local items = {}
-- what another flusher left behind, at once; what didn't succeed here, after its pause
local idleMs = holder and retryMs or '0'
for _, item in ipairs(redis.call('XAUTOCLAIM', queue, 'flushers', token, idleMs, '0', 'COUNT', count)[2]) do
  if item then items[#items + 1] = item end
end
if #items < count then
  local new = redis.call('XREADGROUP', 'GROUP', 'flushers', token, 'COUNT', count - #items, 'STREAMS', queue, '>')
  for _, item in ipairs(new and new[1] and new[1][2] or {}) do items[#items + 1] = item end
end

local reply = { 'taken', '' }
for _, item in ipairs(items) do
  local id, key = item[1], item[2] and item[2][2]
  local value = key and redis.call('HGET', unwritten, key)
  if value then
    local pending = redis.call('XPENDING', queue, 'flushers', id, id, 1)[1]
    reply[#reply + 1] = id
    reply[#reply + 1] = key
    reply[#reply + 1] = pending and pending[4] or 1
    reply[#reply + 1] = value
  else
    redis.call('XACK', queue, 'flushers', id)
    redis.call('XDEL', queue, id)
  end
end
reply[2] = redis.call('HLEN', unwritten)
if reply[2] == 0 then redis.call('DEL', lease) end
return reply
