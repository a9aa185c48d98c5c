/* Words about consumer groups. */
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "transport/redis_group.h"

enum { HOST_MAX = 64 };

char *
cal_redis_group_name(void)
{
	char host[HOST_MAX + 1] = "";

	if (gethostname(host, HOST_MAX) == -1 || host[0] == '\0')
		(void)strcpy(host, "localhost");
	return cal_asprintf("%s.%ld.%08x", host, (long)getpid(),
	    cal_random_u32());
}

void
cal_redis_group_make(struct cal_redis_words *words,
    const struct cal_redis_group *group, const char *start)
{
	cal_redis_begin(words, "XGROUP");
	cal_redis_add_text(words, "CREATE");
	cal_redis_add_text(words, group->stream);
	cal_redis_add_text(words, group->group);
	cal_redis_add_text(words, start);
	cal_redis_add_text(words, "MKSTREAM");
}

void
cal_redis_group_read(struct cal_redis_words *words,
    const struct cal_redis_group *group, const char *from, size_t count,
    unsigned block_ms)
{
	cal_redis_begin(words, "XREADGROUP");
	cal_redis_add_text(words, "GROUP");
	cal_redis_add_text(words, group->group);
	cal_redis_add_text(words, group->consumer);
	cal_redis_add_text(words, "COUNT");
	cal_redis_add_number(words, count);
	if (block_ms > 0) {
		cal_redis_add_text(words, "BLOCK");
		cal_redis_add_number(words, block_ms);
	}
	cal_redis_add_text(words, "STREAMS");
	cal_redis_add_text(words, group->stream);
	cal_redis_add_text(words, from == NULL ? ">" : from);
}

void
cal_redis_group_leave(struct cal_redis_words *words,
    const struct cal_redis_group *group)
{
	static const char script[] =
	    "if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, "
	    "ARGV[2]) > 0 then return 0 end "
	    "redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) "
	    "return 1";

	cal_redis_begin(words, "EVAL");
	cal_redis_add_text(words, script);
	cal_redis_add_text(words, "1");
	cal_redis_add_text(words, group->stream);
	cal_redis_add_text(words, group->group);
	cal_redis_add_text(words, group->consumer);
}
