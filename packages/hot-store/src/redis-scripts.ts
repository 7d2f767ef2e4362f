import { bounds } from './bounds.ts'

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

local function makeRoom(rec)
  local tasks, dropped = {}, {}
  local fields = redis.call('HGETALL', rec)
  for i = 1, #fields, 2 do
    local kind = string.sub(fields[i], 1, 2)
    if kind == 't:' then
      local rank = tonumber(string.match(fields[i + 1], '^%d+|(%-?%d+)|'))
      table.insert(tasks, { field = fields[i], rank = rank, id = string.match(fields[i], '[^:]+$') })
    elseif kind == 'x:' then
      table.insert(dropped, { field = fields[i], id = string.match(fields[i], '[^:]+$') })
    end
  end
  if #tasks > ${bounds.tasks} then
    table.sort(tasks, function(a, b) return a.rank < b.rank or (a.rank == b.rank and (a.id > b.id or (a.id == b.id and a.field < b.field))) end)
    for i = 1, #tasks - ${bounds.tasks} do redis.call('HDEL', rec, tasks[i].field) end
  end
  if #dropped > ${bounds.droppedTasks} then
    table.sort(dropped, function(a, b) return a.id < b.id or (a.id == b.id and a.field < b.field) end)
    for i = 1, #dropped - ${bounds.droppedTasks} do redis.call('HDEL', rec, dropped[i].field) end
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
  local kinds = kind == '' and { 'upgrade', 'check', 'cancel' } or { kind }
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

/** KEYS record, session. ARGV state, ttl, version. A tentative session touches nothing on the record but its counter. */
export const openScript = `
local rec, ses = KEYS[1], KEYS[2]
local state, ttl, version = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local seq = redis.call('HINCRBY', rec, 'seq', 1)
if redis.call('PTTL', rec) < ttl then redis.call('PEXPIRE', rec, ttl) end
redis.call('DEL', ses)
redis.call('HSET', ses, 'state', state, 'rev', 0, 'seq', seq, 'ended', 0, 'version', version, 'ttl', ttl)
redis.call('PEXPIRE', ses, ttl)
return redis.call('HGETALL', rec)
`

/** KEYS record. ARGV token. The record stands since the session was opened; one that has expired is not begun anew. */
export const proveScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'proven', ARGV[1]) end
return 'done'
`

/** KEYS record, session. ARGV endIfIdle (0 or 1), now, byCookie (0 or 1). */
export const resumeScript = `
local rec, ses = KEYS[1], KEYS[2]
local endIfIdle, now = ARGV[1] == '1', tonumber(ARGV[2])
local found = redis.call('HMGET', ses, 'state', 'rev', 'seq', 'ended', 'version', 'ttl')
if not found[1] then return { 'unknown' } end
local seq = tonumber(found[3])
local current = tonumber(redis.call('HGET', rec, 'current') or '0')
if seq < current then
  redis.call('DEL', ses)
  return { 'superseded' }
end
if seq > current then
  redis.call('HSET', rec, 'current', seq)
  if found[5] ~= '' then
    redis.call('HSET', rec, 'version', found[5])
    if ARGV[3] == '1' then redis.call('HSET', rec, 'cookies', found[5]) end
  end
  redis.call('PEXPIRE', rec, ${bounds.recordTtlMs})
end
redis.call('PEXPIRE', ses, found[6])
local fields = redis.call('HGETALL', rec)

local function isIdle()
  for i = 1, #fields, 2 do
    local field, value = fields[i], fields[i + 1]
    if field == 'watch' and tonumber(string.match(value, '^%d+')) > now then return false end
    if field == 'offer' and string.find(value, '"answered":false', 1, true) then return false end
    if string.sub(field, 1, 2) == 't:' then
      local notBefore = tonumber(string.match(value, '^%d+|%-?%d+|(%d+)|'))
      if notBefore <= now then return false end
    end
  end
  return true
end

local ended = found[4]
if endIfIdle and found[2] == '0' and isIdle() then
  ended = '1'
  redis.call('HSET', ses, 'ended', 1)
end
return { 'resumed', found[1], found[2], ended, fields }
`

/** KEYS record, session. ARGV revision, state, ttl, ended (0 or 1), then steps. */
export const saveScript = `${applySteps}
local rec, ses = KEYS[1], KEYS[2]
local found = redis.call('HMGET', ses, 'rev', 'seq')
if found[1] ~= ARGV[1] then return 'stale' end
if found[2] ~= redis.call('HGET', rec, 'current') then return 'stale' end
applySteps(rec, 5)
redis.call('HSET', ses, 'state', ARGV[2], 'rev', ARGV[1] + 1, 'ended', ARGV[4], 'ttl', ARGV[3])
redis.call('PEXPIRE', ses, ARGV[3])
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

/** Names the process that answers: after a restart or a failover, what it remembers need not be all there was. */
const runId = `
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if not run then return redis.error_reply('this server does not say which process it is') end
`

/** KEYS lock. ARGV owner, ttl. A lock from before the server was this process holds nobody off. */
export const lockScript = `${runId}
local mine = ARGV[1] .. ' ' .. run
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= mine and string.match(holder, '%x+$') == run then return 'refused' end
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
