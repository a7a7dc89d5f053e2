#!lua flags=allow-oom
-- Takes load locks that nobody holds, and looks up the entries they are about.
-- KEYS: lock …, entry …
-- ARGV: token, lifeMs
-- Returns: for each lock 1 where it was got, else 0; then for each entry its bytes, or nil
local count = #KEYS / 2
local reply = {}
for index = 1, count do
  local taken = redis.call('SET', KEYS[index], ARGV[1], 'PX', ARGV[2], 'NX')
  reply[index] = taken and 1 or 0
end
for index = count + 1, 2 * count do reply[index] = redis.call('GET', KEYS[index]) end
return reply
