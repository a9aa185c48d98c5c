/* Both functions walk the format the same way; checking prints nowhere. */
#include <ctype.h>
#include <stdlib.h>

#include "cli/format.h"

static int
put_token(struct cal_buf *out, char token,
    const struct cal_format_values *values)
{
	struct cal_slice what;

	switch (token) {
	case 's':
		what = values->body;
		break;
	case 'S':
		cal_buf_printf(out, "%zu", values->body.len);
		return 0;
	case 'k':
		what = values->key;
		break;
	case 't':
		what = values->topic;
		break;
	case 'T':
		what = values->time;
		break;
	case 'o':
		what = values->id;
		break;
	case '%':
		what = cal_slice_text("%");
		break;
	default:
		return -1;
	}
	cal_buf_put(out, what.ptr, what.len);
	return 0;
}

/* An escape; how many characters it has behind the backslash, or 0. */
static size_t
put_escape(struct cal_buf *out, const char *at)
{
	static const char names[] = "nrt0\\", bytes[] = "\n\r\t\0\\";
	const char *name = at[0] == '\0' ? NULL : strchr(names, at[0]);
	char hex[3];

	if (name != NULL) {
		cal_buf_put_byte(out, (uint8_t)bytes[name - names]);
		return 1;
	}
	if (at[0] != 'x' || !isxdigit((unsigned char)at[1]) ||
	    !isxdigit((unsigned char)at[2]))
		return 0;
	memcpy(hex, at + 1, 2);
	hex[2] = '\0';
	cal_buf_put_byte(out, (uint8_t)strtoul(hex, NULL, 16));
	return 3;
}

/* The first character that is wrong, or NULL. */
static const char *
walk(struct cal_buf *out, const char *at,
    const struct cal_format_values *values)
{
	size_t len;

	for (; *at != '\0'; at++) {
		if (*at == '%') {
			if (put_token(out, at[1], values) == -1)
				return at;
			at++;
		} else if (*at == '\\') {
			if ((len = put_escape(out, at + 1)) == 0)
				return at;
			at += len;
		} else {
			cal_buf_put_byte(out, (uint8_t)*at);
		}
	}
	return NULL;
}

int
cal_format_check(const char *format, struct cal_err *err)
{
	static const struct cal_format_values nothing;
	struct cal_buf out = { .max = 0 };
	const char *wrong = walk(&out, format, &nothing);

	cal_buf_release(&out);
	if (wrong == NULL)
		return CAL_OK;
	return cal_fail(err, CAL_EUSAGE, "bad format: unknown '%.2s'", wrong);
}

void
cal_format_put(struct cal_buf *out, const char *format,
    const struct cal_format_values *values)
{
	(void)walk(out, format, values);
}
