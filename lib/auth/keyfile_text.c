/*
 * The text of key files.  Certificates are as CZMQ and pyzmq write them:
 * indented by four spaces, with the keys in quotes.
 */
#include "auth/keyfile_text.h"

#include <string.h>
#include <time.h>

#include "codec/z85.h"

/* At the end of text, returning the new end; nothing of it goes elsewhere. */
static char *
put_key(char *end, const uint8_t key[CAL_KEY_BYTES])
{
	cal_z85_encode(end, key, CAL_KEY_BYTES);
	return end + CAL_KEY_TEXT;
}

static void
put_plain(char *end, const struct cal_keys *keys, bool secret)
{
	if (secret)
		end = stpcpy(end, "# cal secret key: do not share\n");
	else
		end = stpcpy(end, "# cal public key\n");
	end = put_key(end, secret ? keys->secret : keys->public);
	(void)strcpy(end, "\n");
}

static char *
put_time(char *end)
{
	time_t now = time(NULL);
	struct tm utc;

	return end + strftime(end, 64, "%Y-%m-%d %H:%M:%S UTC",
	    gmtime_r(&now, &utc));
}

static void
put_certificate(char *end, const struct cal_keys *keys, bool secret)
{
	end = stpcpy(end, "#   ****  Generated on ");
	end = put_time(end);
	end = stpcpy(end, " by cal-keygen  ****\n");
	if (secret)
		end = stpcpy(end, "#   ZeroMQ CURVE **Secret** Certificate\n"
		    "#   DO NOT PROVIDE THIS FILE TO OTHER USERS nor change "
		    "its permissions.\n");
	else
		end = stpcpy(end, "#   ZeroMQ CURVE Public Certificate\n");
	end = stpcpy(end, "\nmetadata\ncurve\n    public-key = \"");
	end = put_key(end, keys->public);
	if (secret) {
		end = stpcpy(end, "\"\n    secret-key = \"");
		end = put_key(end, keys->secret);
	}
	(void)strcpy(end, "\"\n");
}

void
cal_keyfile_text(char *text, const struct cal_keys *keys, bool secret,
    enum cal_keyfile_kind kind)
{
	switch (kind) {
	case CAL_KEYFILE_PLAIN:
		put_plain(text, keys, secret);
		break;
	case CAL_KEYFILE_CERTIFICATE:
		put_certificate(text, keys, secret);
		break;
	}
}
