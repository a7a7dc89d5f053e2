#!lua flags=allow-oom
-- Notes that a process is there, or with an empty note that it is gone; who wasn't heard of for its life is forgotten.
-- KEYS: processes
-- ARGV: id, note, lifeMs, asks
-- Returns: what is noted of every process if `asks` is 1: { id, ageMs, note, … }; else an empty list
local id, note, lifeMs = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if note == '' then
  redis.call('HDEL', KEYS[1], id)
else
  redis.call('HSET', KEYS[1], id, string.format('%.0f %.0f ', now, now + lifeMs) .. note)
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', 4 * lifeMs))
end
if ARGV[4] ~= '1' then return {} end
local listed = {}
local noted = redis.call('HGETALL', KEYS[1])
for i = 1, #noted, 2 do
  local at, untilMs, text = string.match(noted[i + 1], '^(%d+) (%d+) (.*)$')
  if at == nil or tonumber(untilMs) < now then
    redis.call('HDEL', KEYS[1], noted[i])
  else
    listed[#listed + 1] = noted[i]
    listed[#listed + 1] = string.format('%.0f', now - tonumber(at))
    listed[#listed + 1] = text
  end
end
return listed
