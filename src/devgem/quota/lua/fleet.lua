-- Who goes first among all processes. Shares in billionths. The twin of fleet.py.

local WHOLE = 1000000000
local FLOOR = floor(WHOLE * 55 / 1000)
local process = request.p

local function enter()
  local PROCESS_MS = 30000
  local processes, known = { process, now + PROCESS_MS, request.m }, 0
  local entries = fleet[PROCESSES]
  for i = 1, #entries, 3 do
    if entries[i] == process then
      known = entries[i + 2]
    elseif entries[i + 1] > now then
      local n = #processes
      processes[n + 1], processes[n + 2], processes[n + 3] = entries[i], entries[i + 1], entries[i + 2]
    end
  end
  if request.m < known then processes[3] = known end
  fleet[PROCESSES] = processes
  local waiting = {}
  entries = fleet[WAITING]
  for i = 1, #entries, 5 do
    if (entries[i + 1] ~= process or request.k == 1) and entries[i + 2] > now then
      for j = i, i + 4 do waiting[#waiting + 1] = entries[j] end
    end
  end
  fleet[WAITING] = waiting
  return known
end

local function pay(debt, share, span)
  local elapsed = now - fleet[debt + 1]
  if elapsed > 0 then
    fleet[debt] = max(0, fleet[debt] - floor(share * min(elapsed, span) / span))
    fleet[debt + 1] = now
  end
  return fleet[debt]
end

local function share_of(requests, tokens, of_requests, of_tokens)
  local share = of_requests and of_requests > 0 and floor(WHOLE * requests / of_requests) or 0
  return of_tokens and of_tokens > 0 and max(share, floor(WHOLE * tokens / of_tokens)) or share
end

local function pace(reserve)
  return reserve > 0 and floor((WHOLE - reserve) * 99 / 100) or floor(WHOLE * 102 / 100)
end

local function earlier(class, since)
  local GRACE_MS = 250
  local calls, entries = 0, fleet[WAITING]
  for i = 1, #entries, 5 do
    if entries[i] == class and entries[i + 4] < since - GRACE_MS then calls = calls + entries[i + 3] end
  end
  return calls
end

local function higher(class)
  local calls, entries = 0, fleet[WAITING]
  for i = 1, #entries, 5 do
    if entries[i] < class then calls = calls + entries[i + 3] end
  end
  return calls
end

local mine = {}
for _, entry in ipairs(request.w) do
  if entry[2] > 0 then mine[entry[1]] = { entry[2], now - entry[3] } end
end

local function lower_stands_back(class, tokens, pool, held)
  local BURST, BURST_CALLS, TIGHT, SEEN_MS = floor(WHOLE / 12), 10, floor(WHOLE / 120), 120000
  local RESERVE, RESERVE_CALLS, RESERVE_MAX = floor(WHOLE * 2 / 100), 5, floor(WHOLE * 8 / 100)
  local share = share_of(1, tokens, pool.requests, pool.tokens)
  local used = share_of(pool.used, pool.used_tokens, pool.requests, pool.tokens)
  local hour_share, hour_used = 0, 0
  if pool.hour_requests or pool.hour_tokens then
    hour_share = share_of(1, tokens, pool.hour_requests, pool.hour_tokens)
    hour_used = share_of(pool.hour_used, pool.hour_used_tokens, pool.hour_requests, pool.hour_tokens)
  end
  local reserve = 0
  if fleet[DEPLOY] > 0 and now - fleet[DEPLOY] <= SEEN_MS then
    reserve = min(max(RESERVE, RESERVE_CALLS * share), RESERVE_MAX)
  end
  local minute_debt, hour_debt = pay(MINUTE_DEBT, pace(reserve), 60000), pay(HOUR_DEBT, pace(0), 3600000)
  local burst = min(floor(WHOLE / 2), max(BURST, BURST_CALLS * share))
  local in_debt = (share > 0 and minute_debt > (used < floor(WHOLE / 2) and burst or TIGHT))
    or (hour_share > 0 and hour_used >= floor(WHOLE / 2) and hour_debt > TIGHT)
  if not held and not in_debt then
    return used + share > WHOLE - reserve or hour_used + hour_share > WHOLE - (reserve > 0 and RESERVE or 0)
  end
  if pay(FLOOR_DEBT + 2 * (class - 1), FLOOR, 60000) > 0 then return true end
  return used + share > WHOLE - floor(reserve / 2)
end

local function stands_back(class, since, tokens, pool)
  local first = earlier(class, since)
  if first > 0 and pool.requests and pool.requests - pool.used <= first then return true end
  if class == 0 then return false end
  if mine[0] then return true end
  local held = false
  local entries = fleet[WAITING]
  for i = 1, #entries, 5 do
    if entries[i] == 0 then return true end
    held = held or entries[i] < class
  end
  if not pool.requests and not pool.tokens then return false end
  for c = 1, class - 1 do held = held or mine[c] ~= nil end
  return lower_stands_back(class, tokens, pool, held)
end

local function granted(class, tokens, pool)
  local DEBT_MAX = floor(WHOLE / 6)
  local share = share_of(1, tokens, pool.requests, pool.tokens)
  local hour_share = share_of(1, tokens, pool.hour_requests, pool.hour_tokens)
  if class == 0 then
    fleet[DEPLOY] = now
  elseif share > 0 then
    local debt = FLOOR_DEBT + 2 * (class - 1)
    fleet[debt] = min(pay(debt, FLOOR, 60000) + share, max(share, floor(WHOLE / 60)))
  end
  fleet[MINUTE_DEBT] = min(fleet[MINUTE_DEBT] + share, DEBT_MAX)
  fleet[HOUR_DEBT] = min(fleet[HOUR_DEBT] + hour_share, DEBT_MAX)
  pool.used, pool.used_tokens = pool.used + 1, pool.used_tokens + tokens
  pool.hour_used, pool.hour_used_tokens = pool.hour_used + 1, pool.hour_used_tokens + tokens
end
