/*
 * What Redis is asked about claims: scripts, since whose a message is has to
 * be looked at in the same step in which something is done with it.
 *
 * They are sent whole each time: Redis knows them by their digest, and a
 * restarted one needs no second attempt.  Each begins with the same words: the
 * keys are the stream, its NAME.dead and, if we have one, the lock of our name;
 * the first arguments our group, our name, the lock's token and its time.  The
 * answer 'taken' says that another process has our name.
 */
#include "transport/redis_claims_parts.h"

#define LOCK \
    "local s, g, me = KEYS[1], ARGV[1], ARGV[2]\n" \
    "if KEYS[3] then\n" \
    "  local v = redis.call('GET', KEYS[3])\n" \
    "  if v and v ~= ARGV[3] then return 'taken' end\n" \
    "  redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])\n" \
    "end\n"

#define WHOSE \
    "local function whose(id)\n" \
    "  local p = redis.call('XPENDING', s, g, id, id, 1)[1]\n" \
    "  if not p then return 0 end\n" \
    "  return p[2] == me and 1 or -1\n" \
    "end\n" \
    "local out, mine = {}, {}\n"

/*
 * A field that comes twice counts by its first: an entry that was dead before
 * loses what was said of it then.  Lua's stack does not take all the fields
 * that an entry can have.
 */
#define BURY \
    "local function bury(id, n, why, f)\n" \
    "  local a = {'orig-id', id, 'group', g, 'deliveries', n,\n" \
    "    'reason', why}\n" \
    "  local own = {['orig-id'] = 1, group = 1, deliveries = 1,\n" \
    "    reason = 1}\n" \
    "  local known = {hdr = 1, msg = 1, topic = 1}\n" \
    "  for i = 1, #f, 2 do\n" \
    "    if not own[f[i]] and (#f <= 256 or known[f[i]]) then\n" \
    "      known[f[i]] = nil\n" \
    "      a[#a + 1], a[#a + 2] = f[i], f[i + 1]\n" \
    "    end\n" \
    "  end\n" \
    "  redis.call('XADD', KEYS[2], '*', unpack(a))\n" \
    "  redis.call('XACK', s, g, id)\n" \
    "end\n"

static const char ack[] = LOCK WHOSE
    "for i = 5, #ARGV do\n"
    "  out[i - 4] = whose(ARGV[i])\n"
    "  if out[i - 4] == 1 then mine[#mine + 1] = ARGV[i] end\n"
    "end\n"
    "if #mine > 0 then redis.call('XACK', s, g, unpack(mine)) end\n"
    "return out\n";

static const char back[] = LOCK WHOSE
    "for i = 6, #ARGV do\n"
    "  local id = ARGV[i]\n"
    "  out[i - 5] = whose(id)\n"
    "  if out[i - 5] == 1 then\n"
    "    redis.call('XCLAIM', s, g, me, 0, id, 'IDLE', ARGV[5], 'JUSTID')\n"
    "  end\n"
    "end\n"
    "return out\n";

static const char dead[] = LOCK WHOSE BURY
    "local id = ARGV[5]\n"
    "out[1] = whose(id)\n"
    "if out[1] == 1 then\n"
    "  local e = redis.call('XRANGE', s, id, id)[1]\n"
    "  if e then\n"
    "    bury(id, ARGV[6], ARGV[7], e[2])\n"
    "  else\n"
    "    redis.call('XACK', s, g, id)\n"
    "    out[1] = 2\n"
    "  end\n"
    "end\n"
    "return out\n";

static const char renew[] = LOCK WHOSE
    "local lone = {}\n"
    "redis.call('XPENDING', s, g)\n"
    "for i = 6, #ARGV do\n"
    "  local w = whose(ARGV[i])\n"
    "  if w == 0 and ARGV[5] == '1' then\n"
    "    lone[#lone + 1] = ARGV[i]\n"
    "  elseif w == 1 then\n"
    "    mine[#mine + 1] = ARGV[i]\n"
    "  end\n"
    "  out[i - 5] = w\n"
    "end\n"
    "if #mine > 0 then\n"
    "  mine[#mine + 1] = 'JUSTID'\n"
    "  redis.call('XCLAIM', s, g, me, 0, unpack(mine))\n"
    "end\n"
    "if #lone > 0 then\n"
    "  lone[#lone + 1], lone[#lone + 2] = 'FORCE', 'JUSTID'\n"
    "  redis.call('XCLAIM', s, g, me, 0, unpack(lone))\n"
    "end\n"
    "return out\n";

static const char count[] = LOCK WHOSE
    "out[1] = whose(ARGV[5])\n"
    "if out[1] == 1 then\n"
    "  redis.call('XCLAIM', s, g, me, 0, ARGV[5], 'RETRYCOUNT', ARGV[6],\n"
    "    'JUSTID')\n"
    "end\n"
    "return out\n";

/* The answer: entries, their counts, how many were gone, which were put away,
 * and where the next page starts ('': there is none). */
static const char take[] = LOCK BURY
    "local idle, start, page = tonumber(ARGV[5]), ARGV[6], ARGV[7]\n"
    "local room, bytes = tonumber(ARGV[8]), tonumber(ARGV[9])\n"
    "local most, why = tonumber(ARGV[10]), ARGV[11]\n"
    "local held, p = {}, nil\n"
    "for i = 12, #ARGV do held[ARGV[i]] = true end\n"
    "if idle < 0 then\n"
    "  p = redis.call('XPENDING', s, g, start, '+', page, me)\n"
    "else\n"
    "  p = redis.call('XPENDING', s, g, 'IDLE', idle, start, '+', page)\n"
    "end\n"
    "local entries, counts, gone, buried = {}, {}, 0, {}\n"
    "local after = #p == tonumber(page) and start or ''\n"
    "for _, m in ipairs(p) do\n"
    "  local id, n = m[1], m[4]\n"
    "  if #entries >= room or bytes <= 0 then\n"
    "    after = start\n"
    "    break\n"
    "  end\n"
    "  if not held[id] then\n"
    "    local e = redis.call('XRANGE', s, id, id)[1]\n"
    "    if not e then\n"
    "      redis.call('XACK', s, g, id)\n"
    "      gone = gone + 1\n"
    "    elseif most > 0 and n >= most then\n"
    "      bury(id, n, why, e[2])\n"
    "      buried[#buried + 1] = id\n"
    "    else\n"
    "      redis.call('XCLAIM', s, g, me, 0, id, 'JUSTID')\n"
    "      entries[#entries + 1], counts[#counts + 1] = e, n\n"
    "      for _, f in ipairs(e[2]) do bytes = bytes - #f end\n"
    "    end\n"
    "  end\n"
    "  start = '(' .. id\n"
    "  if after ~= '' then after = start end\n"
    "end\n"
    "return {entries, counts, gone, buried, after}\n";

static const char leave[] = LOCK
    "if not redis.call('XPENDING', s, g, '-', '+', 1, me)[1] then\n"
    "  redis.call('XGROUP', 'DELCONSUMER', s, g, me)\n"
    "end\n"
    "if KEYS[3] then redis.call('DEL', KEYS[3]) end\n"
    "return {}\n";

static const char *const scripts[] = {
	[CAL_REDIS_SCRIPT_ACK] = ack,
	[CAL_REDIS_SCRIPT_BACK] = back,
	[CAL_REDIS_SCRIPT_DEAD] = dead,
	[CAL_REDIS_SCRIPT_RENEW] = renew,
	[CAL_REDIS_SCRIPT_COUNT] = count,
	[CAL_REDIS_SCRIPT_TAKE] = take,
	[CAL_REDIS_SCRIPT_LEAVE] = leave,
};

void
cal_redis_script_begin(struct cal_redis_claims *claims,
    enum cal_redis_script script)
{
	struct cal_redis_words *words = &claims->words;

	cal_redis_begin(words, "EVAL");
	cal_redis_add_text(words, scripts[script]);
	cal_redis_add_number(words, claims->lock == NULL ? 2 : 3);
	cal_redis_add_text(words, claims->stream);
	cal_redis_add_text(words, claims->dead);
	if (claims->lock != NULL)
		cal_redis_add_text(words, claims->lock);
	cal_redis_add_text(words, claims->group);
	cal_redis_add_text(words, claims->consumer);
	cal_redis_add_text(words, claims->token);
	cal_redis_add_number(words, CAL_REDIS_LOCK_MS);
}
