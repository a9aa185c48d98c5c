/*
 * How a tap leaves its group.
 *
 * A read that still waits is cut short, so that it does not bring anything when
 * the consumer is gone; what it brought all the same is handed up, or, with
 * ack, given back.  Then the consumer is deleted, unless something is pending.
 */
#include "base/num.h"
#include "transport/redis_tap.h"

void
cal_redis_tap_say_left(struct cal_redis_tap *tap)
{
	if (tap->left)
		return;
	tap->left = true;
	if (tap->conn.conf.events->left != NULL)
		tap->conn.conf.events->left(tap->conn.conf.arg);
}

static void
on_left(void *arg, const redisReply *reply)
{
	struct cal_redis_tap *tap = arg;

	(void)reply;
	if (!tap->closing)
		cal_redis_tap_say_left(tap);
}

static void cut_short(struct cal_redis_tap *tap);

/* The read may have been on its way still. */
static void
on_cut(void *arg, const redisReply *reply)
{
	struct cal_redis_tap *tap = arg;

	tap->cutting = false;
	if (!tap->closing && tap->asked && reply != NULL &&
	    reply->type == REDIS_REPLY_INTEGER && reply->integer == 0)
		cut_short(tap);
}

static void
cut_short(struct cal_redis_tap *tap)
{
	char client[CAL_NUM_TEXT];

	if (tap->cutting || tap->client <= 0 ||
	    !cal_redis_session_is_up(tap->other))
		return;
	cal_num_text(client, (uint64_t)tap->client);
	cal_redis_begin(&tap->words, "CLIENT");
	cal_redis_add_text(&tap->words, "UNBLOCK");
	cal_redis_add_text(&tap->words, client);
	cal_redis_send(tap->other, &tap->words, 0, on_cut, tap);
	tap->cutting = true;
}

/* What is settled is still to be told, however long Redis is away. */
static void
go_on_keeping(struct cal_redis_tap *tap)
{
	if (tap->asked && tap->step == CAL_REDIS_NEW) {
		cut_short(tap);
		return;
	}
	cal_redis_keep_give_back(tap);
	if (!tap->deleting)
		cal_redis_claims_leave(tap->claims);
	tap->deleting = true;
}

void
cal_redis_tap_go_on_leaving(struct cal_redis_tap *tap)
{
	if (tap->claims != NULL) {
		go_on_keeping(tap);
		return;
	}
	if (tap->group.group == NULL || !cal_redis_session_is_up(tap->reads)) {
		cal_redis_tap_say_left(tap);
		return;
	}
	if (tap->asked)
		cut_short(tap);
	if (tap->asked || tap->batches_count > 0 || tap->deleting)
		return;
	tap->deleting = true;
	cal_redis_group_leave(&tap->words, &tap->group);
	cal_redis_send(tap->reads, &tap->words, 0, on_left, tap);
}
