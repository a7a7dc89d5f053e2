#!lua flags=allow-oom
-- Holds load locks for longer that still are the caller's.
-- KEYS: lock …
-- ARGV: token, lifeMs
-- Returns: how many were the caller's
local held = 0
for _, lock in ipairs(KEYS) do
  if redis.call('GET', lock) == ARGV[1] then held = held + redis.call('PEXPIRE', lock, ARGV[2]) end
end
return held
