import { bounds } from './bounds.ts'

const rooms = Object.entries(bounds.tasks)
  .map(([kind, room]) => `${kind} = ${room}`)
  .join(', ')

/**
 * Applies flat steps (record-step.ts) to a device's record: six arguments a step, from ARGV[first] on. Watches are
 * ordered by attempt id, then revision, since attempt ids are ULIDs; tasks by revision.
 */
const applySteps = `
-- Joined to a text, Lua writes numbers of more than 14 digits as 7.35e+15.
local function digits(number)
  return string.format('%.0f', number)
end

local function orderOf(mark)
  local id, revision = string.match(mark, '^(%S+) (%d+)$')
  return id, tonumber(revision)
end

local function isOlderWatch(rec, id, revision)
  local mark = redis.call('HGET', rec, 'watchAt')
  if not mark then return false end
  local markedId, markedRevision = orderOf(mark)
  return id < markedId or (id == markedId and revision < markedRevision)
end

local function revisionOf(task)
  return tonumber(string.match(task, '^%d+'))
end

local rooms = { ${rooms} }

local function makeRoom(rec)
  local tasks, dropped = {}, {}
  local fields = redis.call('HGETALL', rec)
  for i = 1, #fields, 2 do
    local mark, kind, id = string.match(fields[i], '^([tx]):(%l+):(.+)$')
    if mark then
      local all = mark == 't' and tasks or dropped
      all[kind] = all[kind] or {}
      local rank = mark == 't' and tonumber(string.match(fields[i + 1], '^%d+|(%-?%d+)|'))
      table.insert(all[kind], { field = fields[i], rank = rank, id = id })
    end
  end
  local function keep(room, each, goesFirst)
    if #each <= room then return end
    table.sort(each, goesFirst)
    for i = 1, #each - room do redis.call('HDEL', rec, each[i].field) end
  end
  for kind, each in pairs(tasks) do
    keep(rooms[kind] or 0, each, function(a, b) return a.rank < b.rank or (a.rank == b.rank and a.id > b.id) end)
  end
  for _, each in pairs(dropped) do
    keep(${bounds.droppedTasks}, each, function(a, b) return a.id < b.id end)
  end
end

local apply = {}

apply['set'] = function(rec, id, revision, rank, kind, value)
  redis.call('HSET', rec, id, value)
end

apply['put_watch'] = function(rec, id, revision, rank, kind, value)
  if isOlderWatch(rec, id, revision) then return end
  redis.call('HSET', rec, 'watch', value, 'watchAt', id .. ' ' .. digits(revision))
end

apply['drop_watch'] = function(rec, id, revision)
  if isOlderWatch(rec, id, revision) then return end
  redis.call('HDEL', rec, 'watch')
  redis.call('HSET', rec, 'watchAt', id .. ' ' .. digits(revision))
end

apply['put_task'] = function(rec, id, revision, rank, kind, value)
  local dropped = redis.call('HGET', rec, 'x:' .. kind .. ':' .. id)
  if dropped and tonumber(dropped) >= revision then return end
  local field = 't:' .. kind .. ':' .. id
  local present = redis.call('HGET', rec, field)
  if present and revisionOf(present) > revision then return end
  redis.call('HSET', rec, field, digits(revision) .. '|' .. rank .. '|' .. value)
end

apply['drop_task'] = function(rec, id, revision, rank, kind)
  local kinds = kind == '' and { 'check', 'cancel' } or { kind }
  for _, each in ipairs(kinds) do
    local task = 't:' .. each .. ':' .. id
    local present = redis.call('HGET', rec, task)
    if present and revisionOf(present) <= revision then redis.call('HDEL', rec, task) end
    local mark = 'x:' .. each .. ':' .. id
    local dropped = redis.call('HGET', rec, mark)
    if not dropped or tonumber(dropped) < revision then redis.call('HSET', rec, mark, digits(revision)) end
  end
end

local function applySteps(rec, first)
  for i = first, #ARGV, 6 do
    apply[ARGV[i]](rec, ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4], ARGV[i + 5])
  end
  if first <= #ARGV then makeRoom(rec) end
  redis.call('PEXPIRE', rec, ${bounds.recordTtlMs})
end
`

/**
 * A key of its own for each nonce a device used, for as long as the nonce is good: out of a bounded list, who fetches
 * nonces and names this device could push what was used. Count: -1 without a nonce.
 */
const isReplay = `
local function isReplay(key, count, keepMs)
  if tonumber(count) < 0 then return false end
  local seen = redis.call('SET', key, count, 'PX', keepMs, 'GET')
  if not seen or tonumber(seen) < tonumber(count) then return false end
  if seen ~= count then redis.call('SET', key, seen, 'KEEPTTL') end
  return true
end
`

/**
 * A session is one string, since Redis writes, logs and expires one in one step: `<ended> <revision> <seq> <ttl> <bootedAt>
 * <bytes of version> <version><state>`, with `-` for no bootedAt. `ended` is its first byte, to be set by itself.
 */
const sessions = `
local function writeSession(key, keepMs, ended, rev, seq, ttl, bootedAt, version, state)
  local head = table.concat({ ended, rev, seq, ttl, bootedAt, #version }, ' ')
  redis.call('SET', key, head .. ' ' .. version .. state, 'PX', keepMs)
end

local function readSession(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local ended, rev, seq, ttl, bootedAt, length, at = string.match(text, '^(%d) (%d+) (%d+) (%d+) (%S+) (%d+) ()')
  local version = string.sub(text, at, at + length - 1)
  return { ended = ended, rev = rev, seq = seq, ttl = ttl, bootedAt = bootedAt, version = version, state = string.sub(text, at + length) }
end
`

/** A field and its value by turns, in one string: taking twenty apart costs the client more than the script. */
const fieldsOf = `table.concat(redis.call('HGETALL', rec), '\\0')`

/**
 * KEYS record, session, nonce. ARGV state, ttl, version, bootedAt or `-`, count, keepMs, revision, ttl while it is tentative.
 * Such a session touches nothing on the record but its counter.
 */
export const openScript = `${isReplay}${sessions}
local rec, keepMs = KEYS[1], ARGV[8]
if isReplay(KEYS[3], ARGV[5], ARGV[6]) then return { 'replayed', ${fieldsOf} } end
local seq = redis.call('HINCRBY', rec, 'seq', 1)
if redis.call('PTTL', rec) < tonumber(keepMs) then redis.call('PEXPIRE', rec, keepMs) end
writeSession(KEYS[2], keepMs, 0, ARGV[7], seq, ARGV[2], ARGV[4], ARGV[3], ARGV[1])
return { 'opened', ${fieldsOf} }
`

/** KEYS record, session. ARGV token. The record stands since the session was opened; one that has expired is not begun anew. */
export const proveScript = `${sessions}
if redis.call('EXISTS', KEYS[1]) == 0 then return 'done' end
redis.call('HSET', KEYS[1], 'proven', ARGV[1])
local found = readSession(KEYS[2])
if not found then return 'done' end
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < tonumber(found.ttl) then redis.call('PEXPIRE', key, found.ttl) end
end
return 'done'
`

/** KEYS the one who uses a nonce. ARGV device key, keepMs. */
export const bindNonceScript = `
local holder = redis.call('GET', KEYS[1])
if holder then return holder == ARGV[1] and 'own' or 'another' end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 'own'
`

/** KEYS record, session, nonce. ARGV endIfIdle (0 or 1), now, byCookie (0 or 1), count, keepMs, counts (0 or 1). */
export const resumeScript = `${isReplay}${sessions}
local rec, ses = KEYS[1], KEYS[2]
local endIfIdle, now, byCookie = ARGV[1] == '1', tonumber(ARGV[2]), ARGV[3] == '1'
local found = readSession(ses)
if not found then return { 'unknown' } end
local known = redis.call('HMGET', rec, 'current', 'version', 'cookies')
local seq, current, ttl = tonumber(found.seq), tonumber(known[1] or '0'), tonumber(found.ttl)
if seq < current then
  redis.call('DEL', ses)
  return { 'superseded' }
end
if isReplay(KEYS[3], ARGV[4], ARGV[5]) and ARGV[6] == '1' then return { 'replayed' } end
if seq > current then
  local news = { 'current', seq }
  local function tell(field, value, was)
    if value ~= was then news[#news + 1], news[#news + 2] = field, value end
  end
  if found.version ~= '' then
    tell('version', found.version, known[2])
    if byCookie then tell('cookies', found.version, known[3]) end
  end
  if found.bootedAt ~= '-' then tell('bootedAt', found.bootedAt) end
  redis.call('HSET', rec, unpack(news))
  if known[3] and not byCookie then redis.call('HDEL', rec, 'cookies') end
  -- Once a day is as good as at each session.
  if redis.call('PTTL', rec) < ${bounds.recordTtlMs - bounds.recordSlackMs} then redis.call('PEXPIRE', rec, ${bounds.recordTtlMs}) end
end
-- It has just been opened, as a rule.
if redis.call('PTTL', ses) < ttl * 0.9 then redis.call('PEXPIRE', ses, ttl) end
local fields = redis.call('HGETALL', rec)

local function isIdle()
  for i = 1, #fields, 2 do
    local field, value = fields[i], fields[i + 1]
    if field == 'watch' and tonumber(string.match(value, '^%d+')) > now then return false end
    if (field == 'offer' or field == 'call') and string.find(value, '"answered":false', 1, true) then return false end
    if string.sub(field, 1, 2) == 't:' then
      local notBefore = tonumber(string.match(value, '^%d+|%-?%d+|(%d+)|'))
      if notBefore <= now then return false end
    end
  end
  return true
end

local ended = found.ended
if endIfIdle and found.rev == '0' and isIdle() then
  if ended == '0' then redis.call('SETRANGE', ses, 0, '1') end
  ended = '1'
end
return { 'resumed', found.state, found.rev, ended, table.concat(fields, '\\0') }
`

/** KEYS record, session. ARGV revision, state, ttl, ended (0 or 1), then steps. */
export const saveScript = `${applySteps}${sessions}
local rec, ses = KEYS[1], KEYS[2]
local found = readSession(ses)
if not found or found.rev ~= ARGV[1] then return 'stale' end
if found.seq ~= redis.call('HGET', rec, 'current') then return 'stale' end
applySteps(rec, 5)
writeSession(ses, ARGV[3], ARGV[4], ARGV[1] + 1, found.seq, ARGV[3], found.bootedAt, found.version, ARGV[2])
return 'saved'
`

/** KEYS record. ARGV steps. */
export const changeScript = `${applySteps}
applySteps(KEYS[1], 1)
return 'done'
`

/** KEYS record. ARGV credential, revision. */
export const rememberScript = `
if (redis.call('HGET', KEYS[1], 'credentialRevision') or '0') ~= ARGV[2] then return 'stale' end
redis.call('HSET', KEYS[1], 'credential', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ${bounds.recordTtlMs})
return 'kept'
`

/** KEYS record. */
export const forgetScript = `
redis.call('HDEL', KEYS[1], 'credential')
redis.call('HINCRBY', KEYS[1], 'credentialRevision', 1)
if redis.call('PTTL', KEYS[1]) < ${bounds.forgottenMs} then redis.call('PEXPIRE', KEYS[1], ${bounds.forgottenMs}) end
return 'done'
`

/**
 * Names the process that answers, and how many keys it has dropped to make room, if any: after a restart, a failover or
 * an eviction, what it remembers need not be all there was.
 */
const runId = `
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if not run then return redis.error_reply('this server does not say which process it is') end
local evicted = string.match(redis.call('INFO', 'stats'), 'evicted_keys:(%d+)')
if evicted and evicted ~= '0' then run = run .. '.' .. evicted end
`

/** KEYS lock. ARGV owner, ttl. A lock from before a loss holds nobody off. */
export const lockScript = `${runId}
local mine = ARGV[1] .. ' ' .. run
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= mine and string.match(holder, '%S+$') == run then return 'refused' end
redis.call('SET', KEYS[1], mine, 'PX', ARGV[2])
return holder == mine and 'kept' or 'taken'
`

/** KEYS mark, lock. ARGV owner. */
export const markRestoredScript = `${runId}
if redis.call('GET', KEYS[2]) ~= ARGV[1] .. ' ' .. run then return 'lost' end
redis.call('SET', KEYS[1], run)
return 'marked'
`

/** KEYS mark. */
export const isRestoredScript = `${runId}
return redis.call('GET', KEYS[1]) == run and 'yes' or 'no'
`
