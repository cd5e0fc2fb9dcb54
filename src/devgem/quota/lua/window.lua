-- Settles, then decides: one atomic step for one process. Times in milliseconds, shares in billionths, as in books.py.
--
-- KEYS[1] the fleet, a string of JSON; KEYS[k + 1] endpoint k, a hash: a its account as JSON; r, t the requests and
-- tokens of each slot of the minute, R, T of the hour.
-- ARGV[1] JSON: {now: 0 for the server's clock, p: process, m: its batch, q: epoch and n: processes that it knows,
-- e: [[rpm, tpm, rph, tph, shared, counts output]] with 0 for no limit, c: [[k of a preference]],
-- s: [[k, verdict, granted at, difference in tokens, probe, retry after or -1, jitter]],
-- d: [[k, 1 minute or 2 hour, slot, requests, tokens]], a: [class, input, output, age or -1, number of its c, ...],
-- w: [[class, count, age]], k: 1 to keep what is registered for the process, v: 1 to see the accounts and who waits}
-- Answers JSON: {t: now, q: epoch, n: processes, m: the last batch of the process before, r: [k * 2 + probe, or -j],
-- x: the refusals, [reasons, retry, ahead, wait, never], the j-th of them, v: {accounts, waiting, oldest}}
local request = cjson.decode(ARGV[1])
local floor, max, min = math.floor, math.max, math.min

local FULL = 1000
local RESTATE_MS = 3000
local KEPT_MS = 7300000
-- Span, slot, and how many slots a ring has: window.py
local RINGS = { { 250, 243, 'r', 't' }, { 15000, 242, 'R', 'T' } }

-- The fleet, and a time that never goes backwards: where the server's clock does, it is taken to have stood still.
-- A debt is two numbers, what is owed and when that was (fleet.py), that of a floor at FLOOR_DEBT + 2 (class - 1);
-- waiting is {class, process, until, count, since, ...}, processes {process, until, last batch, ...}.

local CLOCK, AHEAD, EPOCH, RESTATE, MINUTE_DEBT, HOUR_DEBT, FLOOR_DEBT = 1, 2, 3, 4, 5, 7, 9
local DEPLOY, WAITING, PROCESSES = 15, 16, 17

local fleet = redis.call('GET', KEYS[1])
fleet = fleet and cjson.decode(fleet)
local time = redis.call('TIME')
local clock = time[1] * 1000 + floor(time[2] / 1000)
if request.now > 0 then clock = request.now end
if not fleet then
  fleet = { clock, 0, clock, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {}, {} }
  -- What has been granted is forgotten: nothing is granted until those who know have said what it was.
  if request.q > 0 then fleet[RESTATE] = clock + (request.n > 1 and RESTATE_MS or 1) end
end
if clock < fleet[CLOCK] then fleet[AHEAD] = fleet[AHEAD] + fleet[CLOCK] - clock end
fleet[CLOCK] = clock
local now = clock + fleet[AHEAD]

-- Accounts: [1..5] minute: slot, requests, tokens, and those of the current slot; [6..10] hour; [11..] circuit.

local SHUT, WHY, OPENED, PROBE, RAMP, RAMPED, REFUSED = 11, 12, 13, 14, 15, 16, 17
local BUCKET, FAILED, FAILED_BEFORE, PASSED, PASSED_BEFORE = 18, 19, 20, 21, 22
local CEILING, BEFORE, CEILING_AT, ROW = 23, 24, 25, 26
local accounts, dirty, aged = {}, {}, {}

local function advance(k, account, which, at)
  local ring = RINGS[which]
  local index = floor(now / ring[1])
  local gone = index - account[at]
  if gone <= 0 then return end
  if account[at + 1] > 0 or account[at + 2] > 0 then
    local size, fields = ring[2], {}
    for slot = account[at] + 1, min(index, account[at] + size) do
      local position = slot % size
      fields[#fields + 1] = ring[3] .. position
      fields[#fields + 1] = ring[4] .. position
    end
    if gone >= size then
      account[at + 1], account[at + 2] = 0, 0
    else
      local values = redis.call('HMGET', KEYS[k + 1], unpack(fields))
      for i = 1, #values, 2 do
        account[at + 1] = account[at + 1] - (tonumber(values[i]) or 0)
        account[at + 2] = account[at + 2] - (tonumber(values[i + 1]) or 0)
      end
    end
    redis.call('HDEL', KEYS[k + 1], unpack(fields))
  end
  account[at], account[at + 3], account[at + 4] = index, 0, 0
  dirty[k] = dirty[k] or 1
  aged[k] = aged[k] or which == 2
end

local function account_of(k)
  local account = accounts[k]
  if not account then
    account = redis.call('HGET', KEYS[k + 1], 'a')
    account = account and cjson.decode(account)
      or { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, FULL, FULL, 0, 0 }
    accounts[k] = account
    advance(k, account, 1, 1)
    advance(k, account, 2, 6)
  end
  return account
end

local function add(k, account, tokens)
  for at = 1, 6, 5 do
    account[at + 1], account[at + 2] = account[at + 1] + 1, account[at + 2] + tokens
    account[at + 3], account[at + 4] = account[at + 3] + 1, account[at + 4] + tokens
  end
  dirty[k] = 2
end

local function adjust(k, which, slot, requests, tokens)
  local account, ring = account_of(k), RINGS[which]
  local at = which * 5 - 4
  local age = account[at] - slot
  if age < 0 or age >= ring[2] then return end
  local old_requests, old_tokens = account[at + 3], account[at + 4]
  local position = slot % ring[2]
  if age > 0 then
    local values = redis.call('HMGET', KEYS[k + 1], ring[3] .. position, ring[4] .. position)
    old_requests, old_tokens = tonumber(values[1]) or 0, tonumber(values[2]) or 0
  end
  requests, tokens = max(requests, -old_requests), max(tokens, -old_tokens)
  account[at + 1], account[at + 2] = account[at + 1] + requests, account[at + 2] + tokens
  if age > 0 then
    redis.call('HSET', KEYS[k + 1], ring[3] .. position, old_requests + requests, ring[4] .. position,
      old_tokens + tokens)
  else
    account[at + 3], account[at + 4] = old_requests + requests, old_tokens + tokens
  end
  dirty[k] = 2
end
