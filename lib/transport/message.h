/*
 * Messages as a transport moves them: frames on their way out, and what was
 * received, with what keeps its bytes alive.
 */
#ifndef CAL_TRANSPORT_MESSAGE_H
#define CAL_TRANSPORT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	CAL_MESSAGE_PRE = 8,    /* frames before the last three */
	CAL_DEAD_REASON = 512,  /* bytes; longer ones are cut */
};

/* The first of the last three frames of a message. */
enum cal_word { CAL_WORD_UPPER, CAL_WORD_PING, CAL_WORD_PONG };

/* One message on its way out; all lent. */
struct cal_frames {
	enum cal_word word;
	struct cal_slice header, payload;
	const struct cal_slice *pre;    /* frames in front, for a PONG */
	size_t pre_count;

	/*
	 * Of the request that this answers; or, of a request, a number of its
	 * sender's own, by which events->failed may name it.  0: none.
	 */
	uint64_t receipt;
};

/*
 * What keeps the bytes of a received message alive.  Taken with
 * cal_message_take, given back with cal_hold_free.
 */
struct cal_hold {
	void (*free)(struct cal_hold *hold);
};

static inline void
cal_hold_free(struct cal_hold *hold)
{
	if (hold != NULL)
		hold->free(hold);
}

/*
 * What is said of a message that was put away in NAME.dead; lent with it.
 * Empty: not said.
 */
struct cal_dead {
	struct cal_slice reason;        /* at most CAL_DEAD_REASON bytes */
	struct cal_slice id, group;     /* in the stream where it was */
	uint64_t deliveries;            /* 0: not said */
};

/* One received message; lent during the event, unless its hold is taken. */
struct cal_message {
	enum cal_word word;
	struct cal_slice header, payload;
	struct cal_slice pre[CAL_MESSAGE_PRE];  /* without the routing id */
	size_t pre_count;
	struct cal_hold *hold;

	/*
	 * To be given back, once, with the answer or with cal_conn_settle; 0:
	 * nothing is to be settled.
	 */
	uint64_t receipt;
	struct cal_slice id;            /* by which Redis knows it; or empty */
	unsigned deliveries;            /* once it is begun; 0: not known */
	uint64_t age_ms;                /* for so long it waited in Redis */
	bool is_dead;
	struct cal_dead dead;           /* if it is_dead */
};

/* Moves the hold out: the slices of message then live as long as it does. */
static inline struct cal_hold *
cal_message_take(struct cal_message *message)
{
	struct cal_hold *hold = message->hold;

	message->hold = NULL;
	return hold;
}

#endif
