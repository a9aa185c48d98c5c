/*
 * What a tap has taken: batches of entries, on their way up.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_tap.h"

enum { BUDGET = 8 << 20 };      /* bytes that a read should bring, or two
                                   of the largest bodies */

/* How large is what comes, and how many of these may come at once? */
static void
measure(struct cal_redis_tap *tap, const struct cal_redis_batch *batch)
{
	size_t budget = BUDGET, fit = tap->fit * 2, i, size;

	if (2 * tap->conn.conf.max_body > budget)
		budget = 2 * tap->conn.conf.max_body;
	tap->largest -= tap->largest / 8;
	for (i = 0; i < batch->count; i++)
		if ((size = cal_redis_batch_size(batch, i)) > tap->largest)
			tap->largest = size;
	if (fit > tap->conf.window)
		fit = tap->conf.window;
	if (fit * tap->largest > budget)
		fit = budget / tap->largest;
	tap->fit = fit > 0 ? fit : 1;
}

/* Those that come again are not lost. */
static void
be_sure(struct cal_redis_tap *tap, const struct cal_redis_id *id)
{
	size_t i;

	for (i = 0; i < tap->unsure_count; i++)
		if (cal_redis_id_compare(&tap->unsure[i], id) == 0) {
			tap->unsure[i] = tap->unsure[--tap->unsure_count];
			return;
		}
}

static void
be_unsure(struct cal_redis_tap *tap, const struct cal_redis_batch *batch)
{
	struct cal_redis_entry entry;
	size_t i;

	tap->unsure = cal_realloc(tap->unsure, (tap->unsure_count +
	    batch->count) * sizeof(*tap->unsure));
	for (i = 0; i < batch->count; i++)
		if (cal_redis_entry(&entry, batch->entries, i) &&
		    cal_redis_id_read(&tap->unsure[tap->unsure_count],
		    entry.id))
			tap->unsure_count++;
}

void
cal_redis_tap_settle(struct cal_redis_tap *tap)
{
	if (tap->unsure_count > 0)
		cal_log(CAL_LOG_WARNING, "%zu messages were acknowledged, and "
		    "lost with the connection", tap->unsure_count);
	cal_redis_tap_miss(tap, tap->unsure_count);
	tap->unsure_count = 0;
}

/* Batches. */

static void
add(struct cal_redis_tap *tap, struct cal_redis_batch *batch)
{
	batch->owner = tap;
	TAILQ_INSERT_TAIL(&tap->batches, batch, in_queue);
	tap->batches_count++;
	tap->held += batch->count;
}

static void
forget(struct cal_redis_tap *tap, struct cal_redis_batch *batch)
{
	TAILQ_REMOVE(&tap->batches, batch, in_queue);
	tap->batches_count--;
	tap->held -= batch->count - batch->next;
	cal_redis_batch_drop(batch);
}

/*
 * A batch that Redis does not say to be acknowledged was not handed up.  When
 * it was not refused for good, the connection is made anew, and what is not
 * acknowledged comes again.
 */
static void
on_acknowledged(void *arg, const redisReply *reply)
{
	struct cal_redis_batch *batch = arg;
	struct cal_redis_tap *tap = batch->owner;
	struct cal_err why;
	enum cal_redis_kind kind = cal_redis_kind(reply, &why);

	if (tap->closing)
		return;
	if (kind == CAL_REDIS_OK) {
		batch->ours = true;
		cal_redis_tap_hand_up(tap);
		cal_redis_tap_ask(tap);
		cal_redis_tap_wake(tap);
		return;
	}
	be_unsure(tap, batch);
	forget(tap, batch);
	if (kind == CAL_REDIS_LATER)
		cal_redis_session_restart(tap->reads);
	else
		cal_redis_tap_fail(tap, kind, &why);
}

static void
acknowledge(struct cal_redis_tap *tap, struct cal_redis_batch *batch)
{
	struct cal_redis_entry entry;
	size_t i;

	cal_redis_begin(&tap->words, "XACK");
	cal_redis_add_text(&tap->words, tap->group.stream);
	cal_redis_add_text(&tap->words, tap->group.group);
	for (i = 0; i < batch->count; i++) {
		(void)cal_redis_entry(&entry, batch->entries, i);
		cal_redis_add(&tap->words, entry.id);
	}
	cal_redis_send(tap->reads, &tap->words, 0, on_acknowledged, batch);
}

/* What is behind the end is not read; out of a group it was taken. */
static void
look_for_end(struct cal_redis_tap *tap, struct cal_redis_batch *batch,
    const struct cal_redis_id *id, size_t number)
{
	int order = cal_redis_id_compare(id, &tap->end);

	if (!tap->conf.leave || order < 0)
		return;
	if (order > 0 && tap->group.group == NULL && batch->count > number)
		batch->count = number;
	tap->reached = true;
}

/* False: what came is no stream's. */
static bool
read_ids(struct cal_redis_tap *tap, struct cal_redis_batch *batch)
{
	size_t i, count = batch->count;
	struct cal_redis_entry entry;
	struct cal_redis_id id;

	for (i = 0; i < count; i++) {
		if (!cal_redis_entry(&entry, batch->entries, i) ||
		    !cal_redis_id_read(&id, entry.id))
			return false;
		if (tap->step == CAL_REDIS_HISTORY) {
			be_sure(tap, &id);
			tap->past = id;
		} else {
			look_for_end(tap, batch, &id, i);
		}
	}
	cal_redis_trail_go(&tap->trail, &id, count);
	return true;
}

size_t
cal_redis_tap_take(struct cal_redis_tap *tap, const redisReply *reply)
{
	struct cal_redis_batch *batch = cal_redis_batch_take(reply,
	    tap->group.stream);
	struct cal_err err;

	if (batch == NULL)
		return 0;
	measure(tap, batch);
	if (!read_ids(tap, batch)) {
		cal_redis_batch_drop(batch);
		(void)cal_fail(&err, CAL_EPROTO, "what Redis gave are no "
		    "entries of a stream");
		cal_redis_tap_end(tap, &err);
		return 0;
	}
	add(tap, batch);
	if (tap->claims != NULL)
		cal_redis_keep_take(tap, batch);
	else if (tap->group.group != NULL)
		acknowledge(tap, batch);
	else
		batch->ours = true;
	return batch->count;
}

/* Up. */

static void
count_malformed(struct cal_redis_tap *tap)
{
	const struct cal_conn_conf *conf = &tap->conn.conf;

	tap->conn.counts.malformed++;
	if (conf->events->malformed != NULL)
		conf->events->malformed(conf->arg, false);
}

static void
tell_missed(struct cal_redis_tap *tap)
{
	size_t count = tap->missed;

	tap->missed = 0;
	cal_redis_tap_miss(tap, count);
}

/* Nobody wants it. */
static void
pass_over(struct cal_redis_tap *tap, const struct cal_redis_entry *entry,
    uint64_t receipt)
{
	if (entry->gone)
		tap->missed++;
	else if (entry->meta || !entry->has_hdr || !entry->has_msg)
		count_malformed(tap);
	if (receipt != 0)
		cal_redis_claims_settle(tap->claims, receipt,
		    CAL_SETTLE_DONE, NULL);
}

static void
give(struct cal_redis_tap *tap, const struct cal_redis_entry *entry,
    uint64_t receipt, unsigned deliveries, struct cal_hold *hold)
{
	const struct cal_conn_conf *conf = &tap->conn.conf;
	struct cal_message message = {
		.word = CAL_WORD_UPPER,
		.header = entry->hdr,
		.payload = entry->msg,
		.pre[0] = entry->topic,
		.pre_count = entry->topic.len > 0,
		.hold = hold,
		.receipt = receipt,
		.id = entry->id,
		.deliveries = deliveries,
		.is_dead = entry->is_dead,
		.dead = entry->dead,
	};

	conf->events->message(conf->arg, &tap->link, &message);
	cal_hold_free(message.hold);
}

/* Of those that are acknowledged at once this is the only delivery. */
void
cal_redis_tap_give(struct cal_redis_tap *tap,
    const struct cal_redis_entry *entry, uint64_t receipt,
    struct cal_hold *hold)
{
	const struct cal_conn_conf *conf = &tap->conn.conf;
	unsigned deliveries = tap->group.group != NULL;

	if (entry->gone || entry->meta || !entry->has_hdr ||
	    !entry->has_msg || !cal_topic_is_wanted(conf->topics,
	    conf->topics_count, entry->topic)) {
		pass_over(tap, entry, receipt);
		cal_hold_free(hold);
		return;
	}
	if (receipt != 0 && (deliveries = cal_redis_claims_deliveries(
	    tap->claims, receipt)) == 0) {
		cal_redis_claims_settle(tap->claims, receipt,
		    CAL_SETTLE_BACK, NULL);
		cal_hold_free(hold);
		return;
	}
	tell_missed(tap);
	give(tap, entry, receipt, deliveries, hold);
}

static void
hand_up_one(struct cal_redis_tap *tap, struct cal_redis_batch *batch)
{
	struct cal_redis_entry entry;
	size_t number = batch->next++;
	uint64_t receipt = 0;

	tap->held--;
	if (batch->receipts != NULL &&
	    (receipt = batch->receipts[number]) == 0)
		return;                 /* it was claimed, and is here */
	(void)cal_redis_entry(&entry, batch->entries, number);
	cal_redis_tap_give(tap, &entry, receipt,
	    cal_redis_batch_hold(batch));
}

void
cal_redis_tap_hand_up(struct cal_redis_tap *tap)
{
	struct cal_redis_batch *batch;

	cal_redis_keep_hand_up(tap);
	while ((batch = TAILQ_FIRST(&tap->batches)) != NULL && batch->ours) {
		if (batch->next == batch->count)
			forget(tap, batch);
		else if (!tap->paused)
			hand_up_one(tap, batch);
		else
			break;
	}
	tell_missed(tap);
}

void
cal_redis_tap_drop(struct cal_redis_tap *tap)
{
	struct cal_redis_batch *batch;

	if (tap->group.group != NULL && tap->claims == NULL && tap->held > 0)
		cal_log(CAL_LOG_WARNING, "%zu messages were taken out of group "
		    "'%s', and are lost", tap->held, tap->group.group);
	while ((batch = TAILQ_FIRST(&tap->batches)) != NULL)
		forget(tap, batch);
	free(tap->unsure);
	tap->unsure = NULL;
}
