/*
 * Records that wait stand one behind the other in a buffer; a second one has
 * their lengths.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/format.h"
#include "cli/out.h"
#include "pub/tee.h"

/* Bytes that may lie before the oldest record until all are moved up. */
enum { SLACK = 65536 };

struct cal_tee {
	struct cal_tee_conf conf;
	struct cal_out *out;
	struct cal_buf kept, lens;
	size_t kept_at, lens_at;        /* where the oldest begins */
};

struct cal_tee *
cal_tee_open(const struct cal_tee_conf *conf)
{
	struct cal_out_conf out = {
		.loop = conf->loop,
		.fd = conf->fd,
		.gone = conf->gone,
		.failed = conf->failed,
		.room = conf->room,
		.arg = conf->arg,
	};
	struct cal_tee *tee;

	CAL_NEW(tee);
	tee->conf = *conf;
	tee->out = cal_out_open(&out);
	return tee;
}

static void
put_format(struct cal_buf *out, const char *format,
    const struct cal_post *post, uint64_t number)
{
	char seq[24], ms[24] = "-";
	struct cal_format_values values = {
		.body = post->text,
		.key = post->head.key,
		.topic = post->topic,
	};

	(void)snprintf(seq, sizeof(seq), "%" PRIu64, number);
	if (post->head.stamp.known)
		(void)snprintf(ms, sizeof(ms), "%" PRId64,
		    cal_stamp_ms(&post->head.stamp));
	values.id = cal_slice_text(seq);
	values.time = cal_slice_text(ms);
	cal_format_put(out, format, &values);
}

void
cal_tee_put(struct cal_tee *tee, struct cal_slice record,
    const struct cal_post *post, uint64_t number)
{
	const struct cal_shape *shape = tee->conf.shape;
	size_t before = tee->kept.len, len;

	if (shape->format != NULL)
		put_format(&tee->kept, shape->format, post, number);
	else
		cal_shape_put_read(shape, &tee->kept, record);
	len = tee->kept.len - before;
	cal_buf_put(&tee->lens, &len, sizeof(len));
}

static void
move_up(struct cal_buf *buf, size_t *at)
{
	if (*at < SLACK && *at < buf->len)
		return;
	cal_buf_consume(buf, *at);
	*at = 0;
}

void
cal_tee_write(struct cal_tee *tee, uint64_t count)
{
	size_t len, all = 0;

	while (count-- > 0 && tee->lens_at < tee->lens.len) {
		memcpy(&len, tee->lens.ptr + tee->lens_at, sizeof(len));
		tee->lens_at += sizeof(len);
		all += len;
	}
	if (all > 0)
		cal_out_put(tee->out, cal_slice_of(tee->kept.ptr +
		    tee->kept_at, all));
	tee->kept_at += all;
	move_up(&tee->kept, &tee->kept_at);
	move_up(&tee->lens, &tee->lens_at);
}

void
cal_tee_say(struct cal_tee *tee, struct cal_slice line)
{
	cal_out_put(tee->out, line);
	cal_out_put(tee->out, cal_slice_text("\n"));
}

bool
cal_tee_full(const struct cal_tee *tee)
{
	return cal_out_full(tee->out);
}

bool
cal_tee_empty(const struct cal_tee *tee)
{
	return cal_out_empty(tee->out);
}

int
cal_tee_close(struct cal_tee *tee, bool wait, struct cal_err *err)
{
	int rc;

	if (tee == NULL)
		return CAL_OK;
	if (!wait)
		cal_out_drop(tee->out);
	rc = cal_out_close(tee->out, err);
	cal_buf_release(&tee->kept);
	cal_buf_release(&tee->lens);
	free(tee);
	return rc;
}
