#!lua flags=allow-oom
-- Tells a process which records it lacks, and finds out whether the journal still is the one it knows.
-- Declared as a write: a master that was cut off from its replicas refuses it, if it is told to (min-replicas-to-write).
-- KEYS: clock, journal
-- ARGV: nonce, knownEpoch, appliedPosition, appliedNonce, ownPosition, ownNonce, boundMs, pageSize
-- Returns: { kind, epoch, head, headNonce, floor, boundMs, timeMs, id, record, id, record … }
--   kind 'records': those behind the applied position, oldest first
--   kind 'rebuild': the newest ones, newest first; what the process knew can't be continued
local clock, journal = KEYS[1], KEYS[2]
local freshNonce, knownEpoch = ARGV[1], ARGV[2]
local applied, appliedNonce = tonumber(ARGV[3]), ARGV[4]
local own, ownNonce = tonumber(ARGV[5]), ARGV[6]
local bound, pageSize = tonumber(ARGV[7]), tonumber(ARGV[8])

-- include positions

local state = redis.call('HMGET', clock, 'format', 'epoch', 'head', 'nonce', 'floor', 'bound')
local format, epoch, head, headNonce, floor = state[1], state[2], tonumber(state[3]), state[4], tonumber(state[5])
if format and format ~= '1' then
  return redis.error_reply('CACHEFORMAT the journal has format ' .. format .. ', this version knows format 1')
end
local time = redis.call('TIME')
local timeMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local kind, records = 'records', {}
local function startOf(someEpoch)
  return tonumber(string.match(someEpoch, '^(%d+)%.') or '0')
end
-- a new epoch, above everything that anybody is known to know: no older entry counts any more
local function beginEpoch()
  head = math.max(timeMs * 1024, lastPosition() + 1, (head or 0) + 1, applied + 1, own + 1)
  head = math.max(head, startOf(knownEpoch) + 1)
  epoch, headNonce, floor = text(head) .. '.' .. freshNonce, 'begin', head
  redis.call('HSET', clock, 'format', '1', 'epoch', epoch, 'head', text(head), 'nonce', headNonce, 'floor', text(floor))
  kind, records = 'rebuild', {}
end
local function rebuild()
  kind, records = 'rebuild', redis.call('XREVRANGE', journal, '+', '-', 'COUNT', pageSize)
  -- without its newest record the rest leads nowhere
  if records[1] and positionOf(records[1][1]) ~= head then records = {} end
end
local function isOwnRecordLost()
  if own == 0 then return false end
  -- the process has gone past its place without meeting it
  if own <= applied then return true end
  -- dropped since then, for all that can be known
  if own <= floor then return false end
  local found = redis.call('XRANGE', journal, idOf(own), idOf(own))[1]
  if not found then return true end
  local nonce = string.match(found[2][2], '^%d+|[^|]*|[^|]*|[^|]*|([^|]*)|')
  return nonce ~= ownNonce
end
-- the records behind the applied position; only where the first of them names it as the one before is nothing missing
local function continue()
  records = redis.call('XRANGE', journal, '(' .. idOf(applied), '+', 'COUNT', pageSize)
  if not records[1] then
    if applied < head then return rebuild() end
    if appliedNonce ~= headNonce then return beginEpoch() end
    return
  end
  local previous, previousNonce = string.match(records[1][2][2], '^%d+|[^|]*|(%d+)|([^|]*)|')
  previous = tonumber(previous or '0')
  if previous > applied then return rebuild() end
  if previous < applied or previousNonce ~= appliedNonce then return beginEpoch() end
end

if not epoch then
  beginEpoch()
elseif knownEpoch == '' then
  rebuild()
elseif knownEpoch ~= epoch then
  -- of two that began at the same position neither is the later one
  if startOf(knownEpoch) >= startOf(epoch) then beginEpoch() else rebuild() end
elseif applied > head or own > head or isOwnRecordLost() then
  beginEpoch()
elseif applied < floor then
  rebuild()
else
  continue()
end

local known = tonumber(state[6] or '0')
if bound > known then
  redis.call('HSET', clock, 'bound', text(bound))
else
  bound = known
end
local reply = { kind, epoch, text(head), headNonce, text(floor), text(bound), text(timeMs) }
for _, item in ipairs(records) do
  reply[#reply + 1] = item[1]
  reply[#reply + 1] = item[2][2]
end
return reply
