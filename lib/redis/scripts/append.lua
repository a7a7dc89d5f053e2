#!lua flags=allow-oom
-- Appends one record to the journal. Begins the journal's first epoch where there is none.
-- KEYS: clock, journal
-- ARGV: nonce, tags, knownPosition, boundMs, maxRecords, maxAgeMs
-- Returns: { epoch, position, nonce, boundMs, previous, previousNonce }
local clock, journal = KEYS[1], KEYS[2]
local nonce, tags, known = ARGV[1], ARGV[2], tonumber(ARGV[3])
local bound, maxRecords, maxAgeMs = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

-- include positions

-- include record
return { epoch, text(position), nonce, text(bound), text(head), headNonce }
