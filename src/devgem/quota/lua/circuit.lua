-- Circuits: whether an endpoint may be called. Times in milliseconds. The twin of circuit.py.

local STEP_MS = 5000

local function ceiling_of(account)
  local STEP = 20
  return min(FULL, account[CEILING] + STEP * floor(max(0, now - account[CEILING_AT]) / STEP_MS))
end

local function shut_by(account, rpm)
  local RAMP_MS, UNKNOWN_RPM = 3000, 240
  if account[SHUT] > 0 then
    if now < account[SHUT] then
      return account[WHY] == 'refused' and 'cooling' or account[WHY] == 'failed' and 'open' or 'off'
    end
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

-- Most round trips settle nothing: what is not needed is not made.
local settle
if #request.s > 0 then

local function shut(account, until_, why)
  if until_ > account[SHUT] then account[SHUT], account[WHY] = until_, why end
  account[PROBE], account[RAMP], account[RAMPED] = 0, 0, 0
end

local function count(account)
  local BUCKET_MS = 10000
  local bucket = floor(now / BUCKET_MS)
  if bucket > account[BUCKET] then
    local last = bucket == account[BUCKET] + 1
    account[FAILED_BEFORE], account[PASSED_BEFORE] = last and account[FAILED] or 0, last and account[PASSED] or 0
    account[FAILED], account[PASSED], account[BUCKET] = 0, 0, bucket
  end
end

function settle(account, verdict, probe, retry, jitter)
  local CEILING_FLOOR, IN_A_ROW, LONGEST_MS = 50, 3, 48 * 3600000
  local REFUSED_MS, REFUSED_SPREAD_MS, OPEN_MS, OPEN_MAX_MS = 1000, 1500, 1000, 4000
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
    shut(account, now + (verdict == 'absent' and 600000 or 60000), verdict)
  end
end

end
