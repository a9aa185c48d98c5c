/*
 * In place of the publisher of lib/stream, for tests of what stands above it:
 * it takes what it is given, and hands over what it is told to.
 */
#ifndef CAL_TESTS_FALSE_PUBLISHER_H
#define CAL_TESTS_FALSE_PUBLISHER_H

#include "loop.h"
#include "stream/publisher.h"

struct cal_publisher {
	struct cal_publisher_conf conf;
	struct cal_publisher_counts counts;
	size_t room;                    /* full with so many */
	bool quick;                     /* hands over what it is given */
	bool leaves;                    /* what it took left for the kernel */
	bool confirms;                  /* it is Redis */
	uint64_t leaving, left;         /* of it */
	size_t mids;                    /* messages with an id */
	struct cal_buf seen;            /* "topic|key|seq|body\n" */
	ev_timer tell;                  /* only ever fed */
};

static struct cal_publisher publisher;

static inline void
publisher_on_tell(struct ev_loop *l, ev_timer *timer, int revents)
{
	(void)l;
	(void)timer;
	(void)revents;
	publisher.conf.sent(publisher.conf.arg);
	publisher.conf.room(publisher.conf.arg);
}

/* Hands so many messages over, which is told in the next turn. */
static inline void
publisher_hand_over(size_t count)
{
	assert_true(count <= publisher.counts.waiting);
	publisher.counts.waiting -= count;
	publisher.counts.sent += count;
	ev_feed_event(loop, &publisher.tell, 0);
}

static inline void
publisher_reset(void)
{
	cal_buf_release(&publisher.seen);
	publisher = (struct cal_publisher){ .room = 1000, .leaves = true };
	ev_init(&publisher.tell, publisher_on_tell);
}

int
cal_publisher_open(struct cal_publisher **publisherp,
    const struct cal_publisher_conf *conf, struct cal_err *err)
{
	(void)err;
	publisher.conf = *conf;
	*publisherp = &publisher;
	return CAL_OK;
}

char *
cal_publisher_address(const struct cal_publisher *p, size_t number)
{
	return cal_url_text(&p->conf.urls[number]);
}

void
cal_publisher_put(struct cal_publisher *p, struct cal_slice topic,
    const struct cal_streammsg *head, struct cal_slice body)
{
	p->counts.waiting += !p->quick;
	p->counts.sent += p->quick;
	p->mids += head->mid.len == CAL_STREAMMSG_MID;
	cal_buf_printf(&p->seen, "%.*s|%.*s|%d|%.*s\n", (int)topic.len,
	    (const char *)topic.ptr, (int)head->key.len,
	    (const char *)head->key.ptr, (int)head->seq, (int)body.len,
	    (const char *)body.ptr);
}

bool
cal_publisher_full(const struct cal_publisher *p)
{
	return p->counts.waiting >= p->room;
}

void
cal_publisher_counts(const struct cal_publisher *p,
    struct cal_publisher_counts *counts)
{
	*counts = p->counts;
}

bool
cal_publisher_left(const struct cal_publisher *p, uint64_t *progressp)
{
	*progressp = p->left;
	return p->leaving == 0;
}

bool
cal_publisher_confirms(const struct cal_publisher *p)
{
	return p->confirms;
}

void
cal_publisher_recheck(struct cal_publisher *p)
{
	(void)p;
}

bool
cal_publisher_close(struct cal_publisher *p, double grace)
{
	(void)grace;
	ev_clear_pending(loop, &p->tell);
	return p->leaves;
}

#endif
