-- Adds one record to the journal: `tags` by `nonce`, above `known`; begins the first epoch where there is none.
local state = redis.call('HMGET', clock, 'format', 'epoch', 'head', 'nonce', 'bound')
local format, epoch, head, headNonce = state[1], state[2], tonumber(state[3]), state[4]
if format and format ~= '1' then
  return redis.error_reply('CACHEFORMAT the journal has format ' .. format .. ', this version knows format 1')
end
local time = redis.call('TIME')
local now = (tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)) * 1024

local isFirst = not epoch
if isFirst then
  head = math.max(now, lastPosition() + 1, known + 1)
  epoch, headNonce = text(head) .. '.' .. nonce, 'begin'
end

local position = math.max(now, head + 1, known + 1)
local record = table.concat({ '1', epoch, text(head), headNonce, nonce, tags }, '|')
local added = redis.pcall('XADD', journal, idOf(position), 'r', record)
if type(added) == 'table' and added.err then
  -- the stream is ahead of the clock, because somebody else wrote to it
  position = math.max(position, lastPosition() + 1)
  redis.call('XADD', journal, idOf(position), 'r', record)
end
bound = math.max(bound, tonumber(state[5] or '0'))
-- not before the record is there: a script that fails takes nothing back
if isFirst then redis.call('HSET', clock, 'format', '1', 'epoch', epoch, 'floor', text(head)) end
redis.call('HSET', clock, 'head', text(position), 'nonce', nonce, 'bound', text(bound))

-- two at most, so that no append ever pays for many
local surplus = redis.call('XLEN', journal) - maxRecords
if surplus > 0 or maxAgeMs > 0 then
  local floor
  for index, item in ipairs(redis.call('XRANGE', journal, '-', '+', 'COUNT', 2)) do
    local old = positionOf(item[1])
    local isTooOld = maxAgeMs > 0 and old < now - maxAgeMs * 1024
    if (index <= surplus or isTooOld) and old < position then
      redis.call('XDEL', journal, item[1])
      floor = old
    end
  end
  if floor then
    local before = tonumber(redis.call('HGET', clock, 'floor'))
    redis.call('HSET', clock, 'floor', text(math.max(before, floor)))
  end
end
