/* The table of dialects, and what a request is said with. */
#include "exec/dialect.h"

#include "codec/json.h"

enum { KEPT = 262144 };         /* bytes of memory for the next request */

static const struct cal_dialect *const dialects[] = {
	&cal_dialect_lines,
	&cal_dialect_framed,
	&cal_dialect_jsonrpc,
};

const char *const cal_dialect_names[] = { "lines", "framed", "jsonrpc", NULL };

const struct cal_dialect *
cal_dialect_at(int number)
{
	if (number < 0 ||
	    (size_t)number >= sizeof(dialects) / sizeof(dialects[0]))
		return NULL;
	return dialects[number];
}

/* One large request must not hold its memory for good. */
static void
clear(struct cal_buf *buf)
{
	if (buf->cap > KEPT)
		cal_buf_release(buf);
	else
		cal_buf_clear(buf);
}

void
cal_ask_clear(struct cal_ask *ask)
{
	clear(&ask->head);
	ask->body = cal_slice_of(NULL, 0);
	clear(&ask->tail);
}

void
cal_ask_release(struct cal_ask *ask)
{
	cal_buf_release(&ask->head);
	ask->body = cal_slice_of(NULL, 0);
	cal_buf_release(&ask->tail);
}

void
cal_ask_say(struct cal_ask *ask, struct cal_slice value)
{
	if (cal_json_has_newline(value))
		cal_json_put_line(&ask->head, value);
	else
		ask->body = value;
}
