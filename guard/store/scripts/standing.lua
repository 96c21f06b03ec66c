-- Points that decay as in guard/store/standing.py: a hash with p (points), a (as they were at) and u (barred until).
local function read_standing(key)
  local f = redis.call('HMGET', key, 'p', 'a', 'u')
  return {p = number(f[1]), a = number(f[2]), u = number(f[3])}
end

local function decayed(s, half_life, now) return s.p * 0.5 ^ (math.max(0, now - s.a) / half_life) end

local function write_standing(key, s, half_life, now)
  redis.call('HSET', key, 'p', out(s.p), 'a', out(s.a), 'u', out(s.u))
  redis.call('PEXPIRE', key, math.ceil(math.max(half_life * 16, s.u - now) * 1000))
end
