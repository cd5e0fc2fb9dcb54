-- Who goes first among all processes. Shares in billionths. The twin of fleet.py.

local WHOLE = 1000000000
local FLOOR = floor(WHOLE / 20)
local BURST, BURST_CALLS = floor(WHOLE / 12), 10
local DEBT_MAX, TIGHT = floor(WHOLE / 6), floor(WHOLE / 240)
local RESERVE, RESERVE_CALLS, RESERVE_MAX = floor(WHOLE * 2 / 100), 5, floor(WHOLE * 8 / 100)
local SEEN_MS, REGISTER_MS, PROCESS_MS, GRACE_MS = 120000, 1500, 30000, 250

local process = request.p

local function enter()
  local processes = { { process, now + PROCESS_MS, request.m } }
  local known = 0
  for _, entry in ipairs(fleet.processes) do
    if entry[1] == process then
      known = entry[3]
    elseif entry[2] > now then
      processes[#processes + 1] = entry
    end
  end
  fleet.processes = processes
  local waiting = {}
  for _, entry in ipairs(fleet.waiting) do
    if entry[2] ~= process and entry[3] > now then waiting[#waiting + 1] = entry end
  end
  fleet.waiting = waiting
  if request.m < known then processes[1][3] = known end
  return known
end

local function pay(debt, share, span)
  local elapsed = now - debt[2]
  if elapsed > 0 then
    debt[1] = max(0, debt[1] - floor(share * min(elapsed, span) / span))
    debt[2] = now
  end
  return debt[1]
end

local function share_of(requests, tokens, of_requests, of_tokens)
  local share = of_requests and of_requests > 0 and floor(WHOLE * requests / of_requests) or 0
  return of_tokens and of_tokens > 0 and max(share, floor(WHOLE * tokens / of_tokens)) or share
end

local function pace(reserve)
  return reserve > 0 and floor((WHOLE - reserve) * 99 / 100) or floor(WHOLE * 102 / 100)
end

local function earlier(class, since)
  local calls = 0
  for _, entry in ipairs(fleet.waiting) do
    if entry[1] == class and entry[5] < since - GRACE_MS then calls = calls + entry[4] end
  end
  return calls
end

local function higher(class)
  local calls = 0
  for _, entry in ipairs(fleet.waiting) do
    if entry[1] < class then calls = calls + entry[4] end
  end
  return calls
end

local mine = {}
for _, entry in ipairs(request.w) do
  if entry[2] > 0 then mine[entry[1]] = { entry[2], now - entry[3] } end
end

local function lower_stands_back(class, tokens, pool, held)
  local share = share_of(1, tokens, pool.requests, pool.tokens)
  local used = share_of(pool.used, pool.used_tokens, pool.requests, pool.tokens)
  local hour_share = share_of(1, tokens, pool.hour_requests, pool.hour_tokens)
  local hour_used = share_of(pool.hour_used, pool.hour_used_tokens, pool.hour_requests, pool.hour_tokens)
  local reserve = 0
  if fleet.deploy > 0 and now - fleet.deploy <= SEEN_MS then
    reserve = min(max(RESERVE, RESERVE_CALLS * share), RESERVE_MAX)
  end
  local minute_debt, hour_debt = pay(fleet.minute, pace(reserve), 60000), pay(fleet.hour, pace(0), 3600000)
  local burst = min(floor(WHOLE / 2), max(BURST, BURST_CALLS * share))
  local in_debt = (share > 0 and minute_debt > (used < floor(WHOLE / 2) and burst or TIGHT))
    or (hour_share > 0 and hour_used >= floor(WHOLE / 2) and hour_debt > TIGHT)
  if not held and not in_debt then
    return used + share > WHOLE - reserve or hour_used + hour_share > WHOLE - (reserve > 0 and RESERVE or 0)
  end
  if pay(fleet.floors[class], FLOOR, 60000) > 0 then return true end
  return used + share > WHOLE - floor(reserve / 2)
end

local function stands_back(class, since, tokens, pool)
  local first = earlier(class, since)
  if first > 0 and pool.requests and pool.requests - pool.used <= first then return true end
  if class == 0 then return false end
  if mine[0] then return true end
  local held = false
  for _, entry in ipairs(fleet.waiting) do
    if entry[1] == 0 then return true end
    held = held or entry[1] < class
  end
  if not pool.requests and not pool.tokens then return false end
  for c = 1, class - 1 do held = held or mine[c] ~= nil end
  return lower_stands_back(class, tokens, pool, held)
end

local function granted(class, tokens, pool)
  local share = share_of(1, tokens, pool.requests, pool.tokens)
  local hour_share = share_of(1, tokens, pool.hour_requests, pool.hour_tokens)
  if class == 0 then
    fleet.deploy = now
  elseif share > 0 then
    local debt = fleet.floors[class]
    pay(debt, FLOOR, 60000)
    debt[1] = min(debt[1] + share, max(share, floor(WHOLE / 60)))
  end
  fleet.minute[1] = min(fleet.minute[1] + share, DEBT_MAX)
  fleet.hour[1] = min(fleet.hour[1] + hour_share, DEBT_MAX)
  pool.used, pool.used_tokens = pool.used + 1, pool.used_tokens + tokens
  pool.hour_used, pool.hour_used_tokens = pool.hour_used + 1, pool.hour_used_tokens + tokens
end
