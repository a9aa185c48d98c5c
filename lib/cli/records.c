/*
 * A buffer that is filled from the descriptor and cut into records.  A record
 * that is too long is dropped as it comes: only its end is looked for.
 */
#include <errno.h>
#include <ev.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/mem.h"
#include "cli/records.h"

enum { CHUNK = 65536, FRAME_HEAD = 4 };

struct cal_records {
	struct cal_records_conf conf;
	struct cal_buf buf;
	size_t taken;           /* bytes at the front that were handed out */
	size_t searched;        /* behind them: no delimiter begins there */
	uint64_t skip;          /* bytes of a long frame still to come */
	bool skipping;          /* to the end of a long delimited record */
	bool ended, over;       /* no more input; no more records */
	int failure;            /* errno of a failed read */
	ev_io io;
};

static void
on_input(struct ev_loop *loop, ev_io *io, int revents)
{
	struct cal_records *records = io->data;
	ssize_t n = cal_io_read(records->conf.fd, &records->buf, CHUNK);

	(void)revents;
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	if (n == -1)
		records->failure = errno;
	if (n <= 0)
		records->ended = true;
	ev_io_stop(loop, io);
	records->conf.ready(records->conf.arg);
}

struct cal_records *
cal_records_open(const struct cal_records_conf *conf)
{
	struct cal_records *records;

	CAL_NEW(records);
	records->conf = *conf;
	ev_io_init(&records->io, on_input, conf->fd, EV_READ);
	records->io.data = records;
	return records;
}

void
cal_records_close(struct cal_records *records)
{
	if (records == NULL)
		return;
	ev_io_stop(records->conf.loop, &records->io);
	cal_buf_release(&records->buf);
	free(records);
}

static int
wait_for_input(struct cal_records *records)
{
	ev_io_start(records->conf.loop, &records->io);
	return CAL_EAGAIN;
}

static int
too_long(const struct cal_records *records, struct cal_err *err)
{
	return cal_fail(err, CAL_EDATA, "the input is larger than %zu bytes",
	    records->conf.max_bytes);
}

/* What was not handed out yet. */
static struct cal_slice
rest(const struct cal_records *records)
{
	struct cal_slice all = cal_buf_view(&records->buf);

	return cal_slice_of(all.ptr + records->taken,
	    all.len - records->taken);
}

static int
next_whole(struct cal_records *records, struct cal_slice *recordp,
    struct cal_err *err)
{
	if (records->buf.len > records->conf.max_bytes) {
		records->over = true;
		return too_long(records, err);
	}
	if (!records->ended)
		return wait_for_input(records);
	records->over = true;
	*recordp = rest(records);
	return CAL_OK;
}

/* Where the delimiter begins, from the byte at searched on; -1: nowhere. */
static ptrdiff_t
find_delimiter(struct cal_records *records, struct cal_slice text)
{
	struct cal_slice d = records->conf.delimiter;
	const uint8_t *from = text.ptr + records->searched, *at;
	size_t len = text.len - records->searched;

	at = d.len == 1 ? memchr(from, d.ptr[0], len) :
	    memmem(from, len, d.ptr, d.len);
	if (at != NULL)
		return at - text.ptr;
	if (text.len >= d.len)
		records->searched = text.len - (d.len - 1);
	return -1;
}

static int
last_delimited(struct cal_records *records, struct cal_slice text,
    struct cal_slice *recordp, struct cal_err *err)
{
	records->over = true;
	if (text.len == 0 || records->skipping)
		return CAL_EGONE;
	if (text.len > records->conf.max_bytes)
		return too_long(records, err);
	records->taken += text.len;
	*recordp = text;
	return CAL_OK;
}

static int
next_delimited(struct cal_records *records, struct cal_slice *recordp,
    struct cal_err *err)
{
	struct cal_slice text = rest(records);
	ptrdiff_t at;

	while (text.len > 0 && (at = find_delimiter(records, text)) >= 0) {
		records->taken += (size_t)at + records->conf.delimiter.len;
		records->searched = 0;
		if (records->skipping) {
			records->skipping = false;
			text = rest(records);
			continue;
		}
		if ((size_t)at > records->conf.max_bytes)
			return too_long(records, err);
		*recordp = cal_slice_of(text.ptr, (size_t)at);
		return CAL_OK;
	}
	if (records->ended)
		return last_delimited(records, text, recordp, err);
	/* The last bytes may be the first of a delimiter: they do not count. */
	if (records->skipping || records->searched > records->conf.max_bytes) {
		records->taken += records->searched;
		records->searched = 0;
		if (!records->skipping) {
			records->skipping = true;
			return too_long(records, err);
		}
	}
	return wait_for_input(records);
}

static int
torn(struct cal_records *records, size_t left, struct cal_err *err)
{
	records->over = true;
	if (left == 0)
		return CAL_EGONE;
	return cal_fail(err, CAL_EDATA, "the input ends within a message");
}

static int
next_framed(struct cal_records *records, struct cal_slice *recordp,
    struct cal_err *err)
{
	struct cal_slice text = rest(records);
	uint64_t len;

	if (records->skip > 0) {
		len = records->skip < text.len ? records->skip : text.len;
		records->skip -= len;
		records->taken += len;
		text = rest(records);
	}
	if (text.len < FRAME_HEAD || records->skip > 0)
		return records->ended ? torn(records, text.len +
		    (records->skip > 0), err) : wait_for_input(records);
	len = (uint64_t)text.ptr[0] << 24 | (uint64_t)text.ptr[1] << 16 |
	    (uint64_t)text.ptr[2] << 8 | text.ptr[3];
	if (len > records->conf.max_bytes) {
		records->taken += FRAME_HEAD;
		records->skip = len;
		return too_long(records, err);
	}
	if (text.len - FRAME_HEAD < len)
		return records->ended ? torn(records, text.len, err) :
		    wait_for_input(records);
	records->taken += FRAME_HEAD + (size_t)len;
	*recordp = cal_slice_of(text.ptr + FRAME_HEAD, (size_t)len);
	return CAL_OK;
}

/* Bytes that were handed out leave once they are many, not one by one. */
static void
make_room(struct cal_records *records)
{
	if (records->taken < CHUNK && records->taken < records->buf.len)
		return;
	cal_buf_consume(&records->buf, records->taken);
	records->taken = 0;
}

int
cal_records_next(struct cal_records *records, struct cal_slice *recordp,
    struct cal_err *err)
{
	if (records->failure != 0 && !records->over) {
		records->over = true;
		return cal_fail_errno(err, CAL_EIO, records->failure,
		    "cannot read the input");
	}
	if (records->over)
		return CAL_EGONE;
	if (records->conf.kind != CAL_RECORDS_WHOLE)
		make_room(records);
	switch (records->conf.kind) {
	case CAL_RECORDS_WHOLE:
		return next_whole(records, recordp, err);
	case CAL_RECORDS_DELIMITED:
		return next_delimited(records, recordp, err);
	case CAL_RECORDS_FRAMED:
		return next_framed(records, recordp, err);
	}
	return cal_fail(err, CAL_EBUG, "unknown kind of records");
}
