/*
 * Chatter.  Of a line no more is kept than is said; what is cut or held back
 * costs the search for its end.
 */
#include "exec/chatter.h"
#include "base/clean.h"
#include "base/log.h"

enum { UTF8_REST = 3 };         /* bytes of a character behind its first */

/* The line as far as it is said: no character is halved. */
static struct cal_slice
said_part(const struct cal_buf *line)
{
	struct cal_slice text = cal_buf_view(line);
	size_t least = CAL_CHATTER_LINE - UTF8_REST;

	if (text.len > CAL_CHATTER_LINE) {
		text.len = CAL_CHATTER_LINE;
		while (text.len > least &&
		    (text.ptr[text.len] & 0xc0) == 0x80)
			text.len--;
	} else if (text.len > 0 && text.ptr[text.len - 1] == '\r') {
		text.len--;
	}
	return text;
}

/* The log takes strings: a NUL byte is escaped before it gets there. */
static void
say(const struct cal_chatter *chatter)
{
	struct cal_buf clean = { 0 };

	cal_clean_text(&clean, said_part(&chatter->line), false);
	cal_log(CAL_LOG_WARNING, "%s: %s", chatter->name,
	    cal_buf_text(&clean));
	cal_buf_release(&clean);
}

static void
say_held(struct cal_chatter *chatter)
{
	if (chatter->held > 0)
		cal_log(CAL_LOG_WARNING, "%s: %llu more lines were not shown",
		    chatter->name, (unsigned long long)chatter->held);
	chatter->held = 0;
}

static void
end_line(struct cal_chatter *chatter)
{
	if (chatter->count < CAL_CHATTER_BURST) {
		chatter->count++;
		say(chatter);
	} else {
		chatter->held++;
	}
	cal_buf_clear(&chatter->line);
}

static void
add_piece(struct cal_buf *line, const uint8_t *ptr, size_t len)
{
	size_t room = CAL_CHATTER_LINE + 1 - line->len;

	cal_buf_put(line, ptr, len < room ? len : room);
}

static void
begin_second(struct cal_chatter *chatter, double now)
{
	/* A clock that was set back must not silence anybody. */
	if (chatter->count > 0 && now >= chatter->second &&
	    now - chatter->second < 1)
		return;
	say_held(chatter);
	chatter->second = now;
	chatter->count = 0;
}

void
cal_chatter_add(struct cal_chatter *chatter, double now, const uint8_t *ptr,
    size_t len)
{
	const uint8_t *end;
	size_t n;

	begin_second(chatter, now);
	while (len > 0 && (end = memchr(ptr, '\n', len)) != NULL) {
		n = (size_t)(end - ptr);
		add_piece(&chatter->line, ptr, n);
		end_line(chatter);
		ptr += n + 1;
		len -= n + 1;
	}
	add_piece(&chatter->line, ptr, len);
}

void
cal_chatter_end(struct cal_chatter *chatter)
{
	if (chatter->line.len > 0)
		end_line(chatter);
	say_held(chatter);
	cal_buf_release(&chatter->line);
	chatter->second = 0;
	chatter->count = 0;
}
