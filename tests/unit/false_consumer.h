/*
 * In place of the consumer of lib/stream, for tests of what stands above it:
 * messages come when the test says so.  With --ack they have receipts, which
 * are their numbers, and what becomes of them is kept.
 */
#ifndef CAL_TESTS_FALSE_CONSUMER_H
#define CAL_TESTS_FALSE_CONSUMER_H

#include "loop.h"
#include "stream/consumer.h"

enum { RECEIPTS = 256 };

struct fate {
	bool settled, stolen;
	enum cal_settle settle;
	char why[128];
	unsigned begun;
};

struct cal_consumer {
	struct cal_consumer_conf conf;
	struct cal_consumer_counts counts;
	size_t held;                    /* messages whose memory is kept */
	size_t want;
	bool paused;
	bool groups, left;              /* it has some to leave; it does */
	unsigned deliveries;            /* of the next message; 0: one */
	struct fate fates[RECEIPTS];    /* by number */
};

static struct cal_consumer consumer;

/* Exactly the bytes of a message, so that a sanitizer sees who keeps them. */
struct consumer_hold {
	struct cal_hold hold;
	struct cal_slice parts[4];
};

static inline void
consumer_free_hold(struct cal_hold *hold)
{
	struct consumer_hold *own = (struct consumer_hold *)(void *)hold;
	size_t i;

	for (i = 0; i < COUNT(own->parts); i++)
		exact_free(own->parts[i]);
	consumer.held--;
	free(own);
}

/* A message, of which head's slices are copied; its expanded body, or NULL. */
static inline void
consumer_deliver_as(struct cal_slice topic, const struct cal_streammsg *head,
    struct cal_slice body, struct cal_buf *expanded)
{
	struct cal_message message = { .word = CAL_WORD_UPPER };
	struct cal_delivery delivery = { .message = &message };
	struct consumer_hold *own = calloc(1, sizeof(*own));

	assert_non_null(own);
	assert_false(consumer.paused);
	own->hold.free = consumer_free_hold;
	own->parts[0] = delivery.topic = exact(topic);
	own->parts[1] = message.payload = exact(body);
	delivery.head = *head;
	own->parts[2] = exact(head->mid);
	own->parts[3] = exact(head->key);
	delivery.head.mid = own->parts[2];
	delivery.head.key = own->parts[3];
	delivery.expanded = expanded;
	delivery.body = expanded != NULL ? cal_buf_view(expanded) :
	    message.payload;
	message.hold = &own->hold;
	consumer.held++;
	delivery.number = ++consumer.counts.messages;
	if (consumer.conf.redis != NULL && consumer.conf.redis->ack) {
		assert_in_range(delivery.number, 1, RECEIPTS - 1);
		delivery.receipt.number = delivery.number;
		message.deliveries = consumer.deliveries == 0 ? 1 :
		    consumer.deliveries;
	}
	consumer.conf.message(consumer.conf.arg, &delivery);
	cal_hold_free(message.hold);
}

static inline void
consumer_deliver(const char *topic, const char *key, const char *body)
{
	const struct cal_streammsg head = { .key = cal_slice_text(key) };

	consumer_deliver_as(cal_slice_text(topic), &head,
	    cal_slice_text(body), NULL);
}

static inline void
consumer_gap(const char *topic, uint64_t missing)
{
	consumer.counts.missing += missing;
	consumer.conf.gap(consumer.conf.arg, cal_slice_text(topic), missing);
}

static inline void
consumer_fail(enum cal_code code)
{
	struct cal_err err;

	(void)cal_fail(&err, code, "the consumer failed");
	consumer.conf.failed(consumer.conf.arg, &err);
}

int
cal_consumer_open(struct cal_consumer **consumerp,
    const struct cal_consumer_conf *conf, struct cal_err *err)
{
	(void)err;
	consumer = (struct cal_consumer){ .conf = *conf };
	*consumerp = &consumer;
	return CAL_OK;
}

char *
cal_consumer_address(const struct cal_consumer *c, size_t number)
{
	return cal_url_text(&c->conf.urls[number]);
}

void
cal_consumer_pause(struct cal_consumer *c, bool pause)
{
	c->paused = pause;
}

void
cal_consumer_want(struct cal_consumer *c, size_t count)
{
	c->want = count;
}

void
cal_consumer_settle(struct cal_consumer *c, struct cal_receipt receipt,
    enum cal_settle settle, const char *why)
{
	struct fate *fate = &c->fates[receipt.number];

	if (receipt.number == 0)
		return;
	assert_false(fate->settled);
	fate->settled = true;
	fate->settle = settle;
	(void)snprintf(fate->why, sizeof(fate->why), "%s",
	    why == NULL ? "" : why);
}

bool
cal_consumer_begin(struct cal_consumer *c, struct cal_receipt receipt)
{
	struct fate *fate = &c->fates[receipt.number];

	assert_false(receipt.number != 0 && fate->settled);
	fate->begun++;
	return !fate->stolen;
}

bool
cal_consumer_leave(struct cal_consumer *c)
{
	c->left = true;
	return c->groups;
}

void
cal_consumer_counts(const struct cal_consumer *c,
    struct cal_consumer_counts *counts)
{
	*counts = c->counts;
}

void
cal_consumer_recheck(struct cal_consumer *c)
{
	(void)c;
}

void
cal_consumer_close(struct cal_consumer *c)
{
	if (c != NULL)
		assert_int_equal(c->held, 0);
}

#endif
