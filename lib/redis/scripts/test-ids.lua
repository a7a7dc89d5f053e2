#!lua flags=allow-oom
-- Looks for ids in one bitmap of a filter that is complete.
-- KEYS: state, writes, bitmap
-- ARGV: generation, patienceMs, hashes, positions
-- Returns: { verdict, live }
--   verdict: a digit for each id, 0 when it certainly isn't there; or why nobody can tell: none, other, moved, lost, writing
local generation, patienceMs, hashes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

-- include history

local state = redis.call('HMGET', KEYS[1], 'live', 'liveHistory')
local live = state[1]
if not live then return { 'none', '' } end
if live ~= generation then return { 'other', live } end
if state[2] ~= history() then return { 'moved', live } end
if redis.call('EXISTS', KEYS[3]) == 0 then return { 'lost', live } end
-- a write that was begun long ago may have ended without its id
local oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if oldest[2] and nowMs() - tonumber(oldest[2]) >= patienceMs then return { 'writing', live } end

local verdicts = {}
local isThere, index = true, 0
for position in string.gmatch(ARGV[4], '%d+') do
  isThere = isThere and redis.call('GETBIT', KEYS[3], position) == 1
  index = index + 1
  if index % hashes == 0 then
    verdicts[#verdicts + 1] = isThere and '1' or '0'
    isThere = true
  end
end
return { table.concat(verdicts), live }
