/*
 * What went wrong, as a value.
 *
 * A function that can fail returns CAL_OK or a negative code and fills the
 * struct cal_err that it was given; it prints nothing and never exits.  A code
 * that a program can end with is the negative of its exit status, so that the
 * table of exit statuses stands in one place.
 */
#ifndef CAL_BASE_ERR_H
#define CAL_BASE_ERR_H

#include <stdarg.h>

enum cal_code {
	CAL_OK = 0,

	/* Told to a caller that acts on them; no program ends with these. */
	CAL_EAGAIN = -1,        /* not now; it will be said when to try again */
	CAL_EGONE = -2,         /* the other side is not there any more */

	/* The negative of an exit status. */
	CAL_EUSAGE = -64,       /* bad option, argument or URL */
	CAL_EDATA = -65,        /* not what the serializer says, or too large */
	CAL_ENOINPUT = -66,     /* a file named by the user cannot be read */
	CAL_ENOHOST = -68,      /* the host name does not resolve */
	CAL_EUNAVAIL = -69,     /* never connected: nothing was executed */
	CAL_EBUG = -70,         /* a bug of ours */
	CAL_EOS = -71,          /* the system refused: no descriptors, … */
	CAL_ECREATE = -73,      /* would overwrite */
	CAL_EIO = -74,          /* reading or writing failed */
	CAL_ETEMP = -75,        /* refused before execution; repeat later */
	CAL_EPROTO = -76,       /* the peer broke the protocol */
	CAL_EDENIED = -77,      /* not let in */
	CAL_ECONFIG = -78,      /* unsafe or unreadable configuration */
	CAL_EUNKNOWN = -124,    /* it may or may not have run */
	CAL_ENOEXEC = -126,     /* the command is not executable */
	CAL_ENOCMD = -127,      /* the command is not found */
};

enum { CAL_ERR_TEXT = 512 };

/* Owned by whoever declares it; needs no release. */
struct cal_err {
	enum cal_code code;
	char text[CAL_ERR_TEXT];        /* one sentence, no full stop */
};

/*
 * Fills err (which may be NULL) and returns code.  The text says what failed
 * first, in lower case; longer texts are cut.
 */
int cal_fail(struct cal_err *err, enum cal_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, followed by ": " and the system's reason for errnum. */
int cal_fail_errno(struct cal_err *err, enum cal_code code, int errnum,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Puts words in front of err's text: "WORDS: TEXT". */
void cal_err_prefix(struct cal_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
