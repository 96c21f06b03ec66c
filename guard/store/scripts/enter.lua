-- KEYS: strikes, windows. ARGV: now and how many of each; points, half-life, number of steps and each step's points and
-- seconds a strike; period, cost a window. Answers as admit does.
local now, strikes, windows = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local next_arg = 3
local function take()
  next_arg = next_arg + 1
  return tonumber(ARGV[next_arg])
end
local answer = {'', '0'}
for n = 1, strikes do
  local s, points, half_life, steps = read_standing(KEYS[n]), take(), take(), take()
  s.p = decayed(s, half_life, now) + points
  s.a = math.max(now, s.a)
  local seconds = 0
  for _ = 1, steps do
    local from, long = take(), take()
    if s.p >= from then seconds = math.max(seconds, long) end
  end
  if seconds > 0 then s.u = math.max(s.u, now + seconds) end
  write_standing(KEYS[n], s, half_life, now)
  for _, field in ipairs({'p', 'a', 'u'}) do answer[#answer + 1] = out(s[field]) end
end
for n = 1, windows do
  local period, cost = take(), take()
  local w = roll(read_window(KEYS[strikes + n]), period, now)
  w.c = math.max(0, w.c + cost)
  write_window(KEYS[strikes + n], w, period)
  for _, field in ipairs({'i', 'c', 'p'}) do answer[#answer + 1] = out(w[field]) end
end
return answer
