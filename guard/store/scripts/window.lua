-- A sliding window as in guard/store/window.py: a hash with i (period number), c (current) and p (previous).
local function number(text) return tonumber(text) or 0 end
local function out(value) return string.format('%.17g', value) end

local function read_window(key)
  local f = redis.call('HMGET', key, 'i', 'c', 'p')
  return {i = number(f[1]), c = number(f[2]), p = number(f[3])}
end

local function roll_to(w, index)
  if index <= w.i then return w end
  return {i = index, c = 0, p = (index == w.i + 1) and w.c or 0}
end

local function roll(w, period, now) return roll_to(w, math.floor(now / period)) end

local function used(w, period, now)
  local elapsed = math.min(1, math.max(0, now / period - w.i))
  return w.c + w.p * (1 - elapsed)
end

local function write_window(key, w, period)
  redis.call('HSET', key, 'i', out(w.i), 'c', out(w.c), 'p', out(w.p))
  redis.call('PEXPIRE', key, math.ceil(period * 2000))
end
