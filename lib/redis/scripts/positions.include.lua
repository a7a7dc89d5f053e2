-- Positions are milliseconds * 1024 + sequence, which a double holds exactly; ids of a stream are their text.
-- KEYS[2]: journal
local function text(number)
  return string.format('%.0f', number)
end
local function idOf(position)
  return text(math.floor(position / 1024)) .. '-' .. text(position % 1024)
end
local function positionOf(id)
  local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms) * 1024 + math.min(tonumber(sequence), 1023)
end
local function lastPosition()
  if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
  local info = redis.call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return positionOf(info[i + 1]) end
  end
  return 0
end
