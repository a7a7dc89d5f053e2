#!lua flags=allow-oom
-- Gives load locks back that still are the caller's.
-- KEYS: lock …
-- ARGV: token
-- Returns: how many were the caller's
local given = 0
for _, lock in ipairs(KEYS) do
  if redis.call('GET', lock) == ARGV[1] then given = given + redis.call('DEL', lock) end
end
return given
