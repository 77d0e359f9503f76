-- Puts a customer's fields in the place of what stands there, unless that is newer or the same.
-- ARGV: order, seconds until it expires, then fields and their values. What somebody else put under the key gives way.
local stands = redis.pcall('HGET', KEYS[1], 'order')
if type(stands) == 'string' and stands >= ARGV[1] then
    return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'order', ARGV[1], unpack(ARGV, 3))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
