-- KEYS: bars, variants, windows. ARGV: now and how many of each; member, most, period a variant; limit, period, cost
-- a window. Counts where everything agrees, else nothing. Answers: denied kind, index, then p a u a bar, i c p a window.
local now, bars, variants, windows = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local denied, at, standings, found = '', 0, {}, {}
local function arg(base, row, column) return ARGV[base + (row - 1) * 3 + column] end
local V, W = 4, 4 + variants * 3

for n = 1, bars do
  standings[n] = read_standing(KEYS[n])
  if denied == '' and standings[n].u > now then denied, at = 'bar', n - 1 end
end
for n = 1, variants do
  local key = KEYS[bars + n]
  if denied == '' and redis.call('SISMEMBER', key, arg(V, n, 1)) == 0
    and redis.call('SCARD', key) >= tonumber(arg(V, n, 2)) then
    denied, at = 'variant', n - 1
  end
end
for n = 1, windows do
  local limit, period, cost = tonumber(arg(W, n, 1)), tonumber(arg(W, n, 2)), tonumber(arg(W, n, 3))
  found[n] = roll(read_window(KEYS[bars + variants + n]), period, now)
  local taken, slack = used(found[n], period, now), limit * 1e-9
  local fits = taken < limit - slack
  if cost > 0 then fits = taken + cost <= limit + slack end
  if denied == '' and not fits then denied, at = 'charge', n - 1 end
end
if denied == '' then
  for n = 1, variants do
    local key = KEYS[bars + n]
    local new = redis.call('EXISTS', key) == 0
    redis.call('SADD', key, arg(V, n, 1))
    if new then redis.call('PEXPIRE', key, math.ceil(tonumber(arg(V, n, 3)) * 1000)) end
  end
  for n = 1, windows do
    found[n].c = math.max(0, found[n].c + tonumber(arg(W, n, 3)))
    write_window(KEYS[bars + variants + n], found[n], tonumber(arg(W, n, 2)))
  end
end
local answer = {denied, tostring(at)}
for n = 1, bars do
  for _, field in ipairs({'p', 'a', 'u'}) do answer[#answer + 1] = out(standings[n][field]) end
end
for n = 1, windows do
  for _, field in ipairs({'i', 'c', 'p'}) do answer[#answer + 1] = out(found[n][field]) end
end
return answer
