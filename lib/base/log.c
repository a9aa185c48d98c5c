/*
 * The log.  A line is made whole, cleaned, and handed to write_lines, which
 * alone touches stderr and counts what does not get through.
 *
 * stderr's description is shared with whoever started us, so O_NONBLOCK is
 * not set on it.  In impatient mode poll says whether there is room; a pipe
 * with room takes PIPE_BUF bytes at once without blocking.
 */
#include "base/log.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/io.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WRITE_MAX = 4096 };      /* PIPE_BUF of Linux */

static struct {
	struct cal_log_conf conf;
	struct cal_buf line;            /* the one being made */
	uint64_t lost;
	uint64_t unsaid;                /* of lost: not yet told */
} logger = {
	.conf = { .program = "cal", .level = CAL_LOG_WARNING,
	    .patient = true },
};

void
cal_log_setup(const struct cal_log_conf *conf)
{
	logger.conf = *conf;
}

bool
cal_log_wants(enum cal_level level)
{
	return level <= logger.conf.level;
}

uint64_t
cal_log_lost(void)
{
	return logger.lost;
}

static const char *
level_name(enum cal_level level)
{
	switch (level) {
	case CAL_LOG_FAILURE:
		return "error";
	case CAL_LOG_WARNING:
		return "warning";
	case CAL_LOG_INFO:
		return "info";
	case CAL_LOG_DEBUG:
		return "debug";
	}
	return "?";
}

/* Writes bytes; in impatient mode now or never. */
static bool
write_now(const void *ptr, size_t len)
{
	struct pollfd item = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n;

	if (logger.conf.patient)
		return cal_io_write_all(STDERR_FILENO, ptr, len) == 0;
	if (poll(&item, 1, 0) != 1 || (item.revents & POLLOUT) == 0)
		return false;
	do
		n = write(STDERR_FILENO, ptr, len);
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)len;
}

/* Text that was cleaned has only these left to escape. */
static void
put_json_text(struct cal_buf *out, struct cal_slice text)
{
	size_t i;

	cal_buf_put_byte(out, '"');
	for (i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			cal_buf_put_byte(out, '\\');
		cal_buf_put_byte(out, text.ptr[i]);
	}
	cal_buf_put_byte(out, '"');
}

static void
put_time(struct cal_buf *out)
{
	struct timespec now;
	struct tm parts;
	char text[32];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &parts);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	cal_buf_printf(out, "%s.%06ldZ", text, now.tv_nsec / 1000);
}

/* Text is clean; the newline is left to the caller. */
static void
put_words(struct cal_buf *out, enum cal_level level, struct cal_slice text)
{
	if (!logger.conf.json) {
		cal_buf_put_text(out, logger.conf.program);
		cal_buf_put_text(out, ": ");
		cal_buf_put(out, text.ptr, text.len);
		return;
	}
	cal_buf_put_text(out, "{\"ts\":\"");
	put_time(out);
	cal_buf_printf(out, "\",\"level\":\"%s\",\"program\":\"%s\",\"text\":",
	    level_name(level), logger.conf.program);
	put_json_text(out, text);
	cal_buf_put_byte(out, '}');
}

/* Says how many lines were lost, now that there seems to be room again. */
static bool
write_unsaid(void)
{
	struct cal_buf out;
	char text[64];
	bool written;

	if (logger.unsaid == 0)
		return true;
	(void)snprintf(text, sizeof(text), "%llu lines lost",
	    (unsigned long long)logger.unsaid);
	cal_buf_init(&out, 0);
	put_words(&out, CAL_LOG_WARNING, cal_slice_text(text));
	cal_buf_put_byte(&out, '\n');
	written = write_now(out.ptr, out.len);
	cal_buf_release(&out);
	if (written)
		logger.unsaid = 0;
	return written;
}

/* Writes whole lines, or counts them as lost. */
static void
write_lines(const void *ptr, size_t len, uint64_t lines)
{
	int saved = errno;

	if (!write_unsaid() || !write_now(ptr, len)) {
		logger.lost += lines;
		logger.unsaid += lines;
	}
	errno = saved;
}

/* Makes text, which is clean, fit into one write; no character is halved. */
static size_t
fitting(struct cal_slice text, size_t max)
{
	size_t len = text.len;

	if (logger.conf.patient || len <= max)
		return len;
	for (len = max; len > 0 && (text.ptr[len] & 0xc0) == 0x80; len--)
		;
	return len;
}

/* A line of words: cut so that also its JSON fits. */
static void
say(enum cal_level level, const char *words)
{
	struct cal_buf text;
	struct cal_slice view;

	cal_buf_init(&text, 0);
	cal_clean_text(&text, cal_slice_text(words), false);
	view = cal_buf_view(&text);
	view.len = fitting(view, logger.conf.json ? WRITE_MAX / 2 - 128 :
	    WRITE_MAX - 128);
	cal_buf_clear(&logger.line);
	put_words(&logger.line, level, view);
	cal_buf_put_byte(&logger.line, '\n');
	write_lines(logger.line.ptr, logger.line.len, 1);
	cal_buf_release(&text);
}

static void
say_format(enum cal_level level, uint64_t held, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void
say_format(enum cal_level level, uint64_t held, const char *fmt, va_list ap)
{
	struct cal_buf text;
	char *words = NULL;
	int saved = errno;

	if (vasprintf(&words, fmt, ap) == -1)
		return;
	cal_buf_init(&text, 0);
	cal_buf_put_text(&text, words);
	if (held > 0)
		cal_buf_printf(&text, " (and %llu more like this)",
		    (unsigned long long)held);
	say(level, cal_buf_text(&text));
	cal_buf_release(&text);
	free(words);
	errno = saved;
}

void
cal_log(enum cal_level level, const char *fmt, ...)
{
	va_list ap;

	if (!cal_log_wants(level))
		return;
	va_start(ap, fmt);
	say_format(level, 0, fmt, ap);
	va_end(ap);
}

void
cal_log_gated(struct cal_log_gate *gate, enum cal_level level,
    const char *fmt, ...)
{
	double now, period = gate->period > 0 ? gate->period : 1;
	va_list ap;

	if (!cal_log_wants(level))
		return;
	now = cal_clock_now();
	if (gate->last != 0 && now - gate->last < period) {
		gate->held++;
		return;
	}
	va_start(ap, fmt);
	say_format(level, gate->held, fmt, ap);
	va_end(ap);
	gate->last = now;
	gate->held = 0;
}

/* Adds one cleaned line with its newline to the line being made. */
static void
add_line(struct cal_slice line, bool tabs)
{
	size_t start = logger.line.len;
	struct cal_slice view;

	cal_clean_text(&logger.line, line, tabs);
	cal_buf_put_byte(&logger.line, '\n');
	view = cal_slice_of(logger.line.ptr + start,
	    logger.line.len - start - 1);
	cal_buf_cut(&logger.line, start + fitting(view, WRITE_MAX - 1));
	cal_buf_put_byte(&logger.line, '\n');
}

void
cal_log_line(enum cal_level level, struct cal_slice line)
{
	if (!cal_log_wants(level))
		return;
	cal_buf_clear(&logger.line);
	add_line(line, false);
	write_lines(logger.line.ptr, logger.line.len, 1);
}

/* Where every line is an object, each of the block's is one. */
static void
say_each(enum cal_level level, struct cal_slice text)
{
	const uint8_t *end;
	size_t len;
	char *line;

	while (text.len > 0) {
		end = memchr(text.ptr, '\n', text.len);
		len = end != NULL ? (size_t)(end - text.ptr) : text.len;
		line = cal_slice_dup(cal_slice_of(text.ptr, len));
		say(level, line);
		free(line);
		len += end != NULL;
		text.ptr += len;
		text.len -= len;
	}
}

/* Lines are gathered up to what one write takes. */
void
cal_log_block(enum cal_level level, struct cal_slice text)
{
	uint64_t lines = 0;

	if (!cal_log_wants(level))
		return;
	if (logger.conf.json) {
		say_each(level, text);
		return;
	}
	cal_buf_clear(&logger.line);
	while (text.len > 0) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
		size_t before = logger.line.len;

		add_line(cal_slice_of(text.ptr, len), true);
		lines++;
		if (logger.line.len > WRITE_MAX && before > 0) {
			write_lines(logger.line.ptr, before, lines - 1);
			cal_buf_consume(&logger.line, before);
			lines = 1;
		}
		len += end != NULL;
		text.ptr += len;
		text.len -= len;
	}
	if (lines > 0)
		write_lines(logger.line.ptr, logger.line.len, lines);
}
