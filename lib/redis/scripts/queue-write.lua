#!lua
-- Takes in a write that goes to its sink later: a record of it for the readers, the value, and its place in the queue.
-- A key that waits already keeps its place and gets the newer value.
-- KEYS: clock, journal, unwritten, queue, dead, deadKeys
-- ARGV: nonce, tags, knownPosition, boundMs, maxRecords, maxAgeMs, key, value, maxWaiting, deadId
-- Returns: { epoch, position, nonce, boundMs, previous, previousNonce, waiting }, { 'full', waiting }, or { 'superseded' }
--   when it is to be sent again (deadId) and something newer was written since
local clock, journal = KEYS[1], KEYS[2]
local unwritten, queue, dead, deadKeys = KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local nonce, tags, known = ARGV[1], ARGV[2], tonumber(ARGV[3])
local bound, maxRecords, maxAgeMs = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local key, value, maxWaiting, deadId = ARGV[7], ARGV[8], tonumber(ARGV[9]), ARGV[10]

-- include positions

local buried = redis.call('HGET', deadKeys, key)
if deadId ~= '' and buried ~= deadId then return { 'superseded' } end
local waiting = redis.call('HLEN', unwritten)
local isNew = redis.call('HEXISTS', unwritten, key) == 0
if isNew and waiting >= maxWaiting then return { 'full', text(waiting) } end

-- include record
-- a place without a value is passed over, a value without a place would never be written
if isNew then redis.call('XADD', queue, '*', 'k', key) end
redis.call('HSET', unwritten, key, text(position) .. '|' .. value)
if buried then
  redis.call('XDEL', dead, buried)
  redis.call('HDEL', deadKeys, key)
end
if isNew then waiting = waiting + 1 end
return { epoch, text(position), nonce, text(bound), text(head), headNonce, text(waiting) }
