-- The decision, and the end of the script. The twin of books.py.

local function cut(limit, ceiling)
  if limit == 0 or ceiling == FULL then return limit end
  return max(1, floor(limit * ceiling / FULL))
end

local function fits(account, at, requests, tokens, more)
  if requests > 0 and account[at + 1] >= requests then return false end
  return tokens == 0 or account[at + 2] + more <= tokens or account[at + 2] == 0
end

local cut_rpm, cut_tpm = {}, {}

local function obstacle_of(k, limits, tokens)
  local account = accounts[k]
  local by = shut_by(account, limits[1])
  if by and by ~= 'probe' then return by end
  if not fits(account, 1, cut_rpm[k], cut_tpm[k], tokens) then return 'full' end
  if not fits(account, 6, limits[3], limits[4], tokens) then return 'hour' end
  return by
end

local function plus(total, more)
  return total and more > 0 and total + more or nil
end

local pools = {}

local function pool_of(number)
  local pool = pools[number]
  if pool then return pool end
  pool = { requests = 0, tokens = 0, hour_requests = 0, hour_tokens = 0, used = 0, used_tokens = 0, hour_used = 0,
    hour_used_tokens = 0 }
  pools[number] = pool
  for _, k in ipairs(request.c[number]) do
    local limits, account = request.e[k], account_of(k)
    local ceiling = ceiling_of(account)
    cut_rpm[k], cut_tpm[k] = cut(limits[1], ceiling), cut(limits[2], ceiling)
    if limits[5] == 1 then
      local by = shut_by(account, limits[1])
      if not by or by == 'ramping' then
        pool.requests, pool.tokens = plus(pool.requests, cut_rpm[k]), plus(pool.tokens, cut_tpm[k])
        pool.hour_requests, pool.hour_tokens = plus(pool.hour_requests, limits[3]), plus(pool.hour_tokens, limits[4])
        pool.used, pool.used_tokens = pool.used + account[2], pool.used_tokens + account[3]
        pool.hour_used, pool.hour_used_tokens = pool.hour_used + account[7], pool.hour_used_tokens + account[8]
      end
    end
  end
  return pool
end

local function grant(k, class, tokens, pool, probe)
  local account = accounts[k]
  add(k, account, tokens)
  local PROBE_MS = 30000
  if probe then account[PROBE] = now + PROBE_MS end
  if account[RAMP] > 0 then account[RAMPED] = account[RAMPED] + 1 end
  if request.e[k][5] == 1 then granted(class, tokens, pool) end
  return k * 2 + (probe and 1 or 0)
end

-- Made for the first refusal, and used again for the next.
local LETTERS, SLOT
local obstacles, marks = {}, {}

local function refuse(class, age, preference, pool)
  if not LETTERS then
    LETTERS = { full = 'f', hour = 'h', large = 'l', back = 'b', cooling = 'c', open = 'o', off = 'x', probing = 'p',
    ramping = 'r', probe = 'p' }
    SLOT = { full = 250, back = 250, ramping = 250, hour = 15000, large = 15000 }
  end
  local waits = age >= 0
  local since = waits and now - age or now
  local ahead = #fleet[WAITING] > 0 and higher(class) + earlier(class, since) or 0
  for c, entry in pairs(mine) do
    if c <= class then ahead = ahead + entry[1] end
  end
  local retry, never = nil, true
  for i, k in ipairs(preference) do
    local obstacle = obstacles[i]
    marks[i] = LETTERS[obstacle]
    never = never and obstacle == 'large'
    local slot, wait = SLOT[obstacle], nil
    if slot then wait = slot - now % slot
    else wait = now < accounts[k][SHUT] and accounts[k][SHUT] - now or 100 end
    retry = retry and min(retry, wait) or wait
  end
  if waits and not never then
    local entry = mine[class] or { 0, since }
    mine[class] = { entry[1] + 1, min(entry[2], since) }
  end
  local wait = pool.requests and pool.requests > 0 and floor((ahead + 1) * 60000 / pool.requests) or 0
  return table.concat(marks, '', 1, #preference), retry or 0, ahead, max(retry or 0, wait), never and 1 or 0
end

-- Refusals that are alike are told once: an answer of -j is the j-th of them.
local refusals = {}

local function refused(letters, retry, ahead, wait, never)
  local last = refusals[#refusals]
  if not last or last[1] ~= letters or last[2] ~= retry or last[3] ~= ahead or last[4] ~= wait or last[5] ~= never then
    refusals[#refusals + 1] = { letters, retry, ahead, wait, never }
  end
  return -#refusals
end

local function answer(class, input, output, age, number)
  local preference, pool = request.c[number], pool_of(number)
  local since = age >= 0 and now - age or now
  local back, probe, probe_tokens
  for i, k in ipairs(preference) do
    local limits = request.e[k]
    local tokens = input + (limits[6] == 1 and output or 0)
    local obstacle
    if (limits[2] > 0 and tokens > limits[2]) or (limits[4] > 0 and tokens > limits[4]) then
      obstacle = 'large'
    elseif limits[5] == 1 then
      if back == nil then back = stands_back(class, since, tokens, pool) end
      if back then obstacle = 'back' end
    end
    if not obstacle then
      obstacle = obstacle_of(k, limits, tokens)
      if obstacle == 'probe' and class == 0 then
        if not probe then probe, probe_tokens = k, tokens end
      elseif not obstacle or obstacle == 'probe' then
        return grant(k, class, tokens, pool, obstacle == 'probe')
      end
    end
    obstacles[i] = obstacle
  end
  if probe then return grant(probe, class, probe_tokens, pool, true) end
  return refused(refuse(class, age, preference, pool))
end

-- When the oldest of what a window holds leaves it; 0 when it holds nothing.
local function oldest(k, which)
  local account, ring = account_of(k), RINGS[which]
  local at = which * 5 - 4
  if account[at + 1] == 0 then return 0 end
  local fields, slots = {}, {}
  for slot = account[at] - ring[2] + 1, account[at] - 1 do
    fields[#fields + 1], slots[#slots + 1] = ring[3] .. slot % ring[2], slot
  end
  for i, value in ipairs(redis.call('HMGET', KEYS[k + 1], unpack(fields))) do
    if (tonumber(value) or 0) > 0 then return (slots[i] + ring[2]) * ring[1] end
  end
  return (account[at] + ring[2]) * ring[1]
end

local known = enter()
if request.m > known then
  -- Whoever knows another epoch will say anew all that it was granted, with this in it.
  local forgotten = request.q > 0 and request.q ~= fleet[EPOCH]
  for _, change in ipairs(request.d) do
    if not forgotten then adjust(change[1], change[2], change[3], change[4], change[5]) end
  end
  for _, settled in ipairs(request.s) do
    local k, at = settled[1], settled[3]
    settle(account_of(k), settled[2], settled[5] == 1, settled[6], settled[7])
    dirty[k] = dirty[k] or 1
    if settled[4] ~= 0 and not forgotten then
      adjust(k, 1, floor(at / 250), 0, settled[4])
      adjust(k, 2, floor(at / 15000), 0, settled[4])
    end
  end
end
local response = { t = now, q = fleet[EPOCH], n = #fleet[PROCESSES] / 3, m = known, r = {} }
local restating = now < fleet[RESTATE]
local asks = request.a
local class, number, input, output, last -- of the ask before, when it was refused and does not wait
for i = 1, #asks, 5 do
  if restating then
    last = refused(string.rep('s', #request.c[asks[i + 4]]), fleet[RESTATE] - now, 0, fleet[RESTATE] - now, 0)
  elseif not (last and last < 0 and asks[i] == class and asks[i + 4] == number and asks[i + 3] < 0
    and asks[i + 1] == input and asks[i + 2] == output) then
    last = answer(asks[i], asks[i + 1], asks[i + 2], asks[i + 3], asks[i + 4])
    class, input, output, number = asks[i], asks[i + 1], asks[i + 2], asks[i + 3] < 0 and asks[i + 4]
  end
  response.r[(i + 4) / 5] = last
end
response.x = refusals
local REGISTER_MS = 1500
local waiting = fleet[WAITING]
for class, entry in pairs(mine) do
  local n = #waiting
  waiting[n + 1], waiting[n + 2], waiting[n + 3], waiting[n + 4] = class, process, now + REGISTER_MS, entry[1]
  waiting[n + 5] = entry[2]
end
if request.v == 1 then
  response.v = { accounts = {}, waiting = { 0, 0, 0, 0 }, oldest = {} }
  for k = 1, #request.e do
    response.v.accounts[k] = account_of(k)
    response.v.oldest[k] = { oldest(k, 1), oldest(k, 2) }
  end
  for i = 1, #waiting, 5 do
    response.v.waiting[waiting[i] + 1] = response.v.waiting[waiting[i] + 1] + waiting[i + 3]
  end
end
for k, how in pairs(dirty) do
  local account = accounts[k]
  local minute, hour = account[1] % RINGS[1][2], account[6] % RINGS[2][2]
  if how == 2 then
    redis.call('HSET', KEYS[k + 1], 'a', cjson.encode(account), 'r' .. minute, account[4], 't' .. minute, account[5],
      'R' .. hour, account[9], 'T' .. hour, account[10])
  else
    redis.call('HSET', KEYS[k + 1], 'a', cjson.encode(account))
  end
  if aged[k] then redis.call('PEXPIRE', KEYS[k + 1], KEPT_MS) end
end
redis.call('SET', KEYS[1], cjson.encode(fleet), 'PX', KEPT_MS)
return cjson.encode(response)
