-- KEYS: windows, standings, sets, and one that says that this was told already. ARGV: now and how many of each; period, seen i c p, owed i c p a window; half-life,
-- seen p a u, owed p a u a standing; period, number of members and the members a set.
local now, windows, standings, sets = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local next_arg = 4
local function text()
  next_arg = next_arg + 1
  return ARGV[next_arg]
end
local function take() return tonumber(text()) end

if not redis.call('SET', KEYS[#KEYS], '1', 'NX', 'PX', 3600000) then return 'TOLD' end

for n = 1, windows do
  local period = take()
  local mine = roll(read_window(KEYS[n]), period, now)
  local seen = {i = take(), c = take(), p = take()}
  local owed = {i = take(), c = take(), p = take()}
  seen, owed = roll(seen, period, now), roll(owed, period, now)
  local index = math.max(mine.i, seen.i, owed.i)
  mine, seen, owed = roll_to(mine, index), roll_to(seen, index), roll_to(owed, index)
  mine.c, mine.p = math.max(0, math.max(mine.c, seen.c) + owed.c), math.max(0, math.max(mine.p, seen.p) + owed.p)
  write_window(KEYS[n], mine, period)
end
for n = 1, standings do
  local half_life = take()
  local mine = read_standing(KEYS[windows + n])
  local seen = {p = take(), a = take(), u = take()}
  local owed = {p = take(), a = take(), u = take()}
  local points = math.max(decayed(mine, half_life, now), decayed(seen, half_life, now)) + decayed(owed, half_life, now)
  local sum = {p = points, a = now, u = math.max(mine.u, seen.u, owed.u)}
  write_standing(KEYS[windows + n], sum, half_life, now)
end
for n = 1, sets do
  local key, period, members = KEYS[windows + standings + n], take(), take()
  local new = redis.call('EXISTS', key) == 0
  for _ = 1, members do redis.call('SADD', key, text()) end
  if new then redis.call('PEXPIRE', key, math.ceil(period * 1000)) end
end
return 'OK'
