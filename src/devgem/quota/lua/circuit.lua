-- Circuits: whether an endpoint may be called. Times in milliseconds. The twin of circuit.py.

local CEILING_FLOOR, STEP, STEP_MS = 50, 20, 5000
local BUCKET_MS, PROBE_MS, RAMP_MS = 10000, 30000, 3000
local REFUSED_MS, REFUSED_SPREAD_MS, OPEN_MS, OPEN_MAX_MS = 1000, 1500, 1000, 4000
local LONGEST_MS = 48 * 3600000
local AWAY_MS = { absent = 600000, denied = 60000 }
local UNKNOWN_RPM = 240
local IN_A_ROW = 3

local function ceiling_of(account)
  return min(FULL, account[CEILING] + STEP * floor(max(0, now - account[CEILING_AT]) / STEP_MS))
end

local STATES = { [''] = 'closed', refused = 'cooling', failed = 'open' }

local function shut_by(account, rpm)
  if account[SHUT] > 0 then
    if now < account[SHUT] then return STATES[account[WHY]] or 'off' end
    return now < account[PROBE] and 'probing' or 'probe'
  end
  if account[RAMP] > 0 then
    local elapsed = now - account[RAMP]
    if elapsed < RAMP_MS then
      local allowed = 1 + floor((rpm > 0 and rpm or UNKNOWN_RPM) * elapsed * elapsed / 60000000)
      return account[RAMPED] >= allowed and 'ramping' or nil
    end
    account[RAMP] = 0
  end
end

local function shut(account, until_, why)
  if until_ > account[SHUT] then account[SHUT], account[WHY] = until_, why end
  account[PROBE], account[RAMP], account[RAMPED] = 0, 0, 0
end

local function count(account)
  local bucket = floor(now / BUCKET_MS)
  if bucket > account[BUCKET] then
    local last = bucket == account[BUCKET] + 1
    account[FAILED_BEFORE], account[PASSED_BEFORE] = last and account[FAILED] or 0, last and account[PASSED] or 0
    account[FAILED], account[PASSED], account[BUCKET] = 0, 0, bucket
  end
end

local function settle(account, verdict, probe, retry, jitter)
  if verdict == 'ok' or verdict == 'started' or verdict == 'rejected' then
    if probe and account[SHUT] > 0 then
      account[SHUT], account[PROBE], account[OPENED], account[RAMPED] = 0, 0, 0, 0
      account[WHY], account[RAMP] = '', now
      account[FAILED], account[FAILED_BEFORE] = 0, 0
    end
    count(account)
    account[PASSED], account[ROW] = account[PASSED] + 1, 0
  elseif verdict == 'refused' then
    account[REFUSED] = now
    if probe and account[WHY] == 'refused' then
      account[CEILING] = max(ceiling_of(account), account[BEFORE])
      account[CEILING_AT] = now
    elseif account[SHUT] == 0 and now - account[CEILING_AT] >= STEP_MS then
      account[BEFORE] = ceiling_of(account)
      account[CEILING] = max(CEILING_FLOOR, floor(account[BEFORE] * 7 / 10))
      account[CEILING_AT] = now
    end
    if retry >= 0 then
      shut(account, now + min(retry, LONGEST_MS), 'refused')
    elseif probe or account[SHUT] == 0 then
      shut(account, now + REFUSED_MS + floor(REFUSED_SPREAD_MS * jitter / 1000), 'refused')
    end
  elseif verdict == 'failed' then
    count(account)
    account[FAILED], account[ROW] = account[FAILED] + 1, account[ROW] + 1
    local failed, passed = account[FAILED] + account[FAILED_BEFORE], account[PASSED] + account[PASSED_BEFORE]
    local many = account[ROW] >= IN_A_ROW or (failed >= IN_A_ROW and failed >= passed)
    local breaks = account[SHUT] == 0 and (account[RAMP] > 0 or many)
    if probe or breaks then
      account[OPENED] = min(account[OPENED] + 1, 16)
      local pause = min(OPEN_MAX_MS, OPEN_MS * 2 ^ (account[OPENED] - 1))
      shut(account, now + floor(pause / 2) + floor(pause * jitter / 2000), 'failed')
    end
  elseif verdict == 'abandoned' then
    if probe then account[PROBE] = 0 end
  else
    shut(account, now + AWAY_MS[verdict], verdict)
  end
end
