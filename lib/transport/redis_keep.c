/*
 * What a tap keeps until it is settled, and what others have left behind.
 *
 * That comes when it is found, with entries that are only lent, and maybe more
 * of it than the owner takes at once: so it is copied, and waits.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_tap.h"

static size_t
lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
cal_redis_keep_room(const struct cal_redis_tap *tap)
{
	size_t count = cal_redis_claims_count(tap->claims);

	return count < tap->conf.window ? tap->conf.window - count : 0;
}

void
cal_redis_keep_take(struct cal_redis_tap *tap, struct cal_redis_batch *batch)
{
	struct cal_redis_entry entry;
	size_t i;

	batch->receipts = cal_calloc(batch->count, sizeof(*batch->receipts));
	for (i = 0; i < batch->count; i++) {
		(void)cal_redis_entry(&entry, batch->entries, i);
		batch->receipts[i] = cal_redis_claims_take(tap->claims,
		    entry.id);
	}
	batch->ours = true;
	cal_redis_tap_wake(tap);
}

/* Parcels. */

static void
parcel_free(struct cal_hold *hold)
{
	free(hold);
}

static struct cal_redis_parcel *
copy(const struct cal_redis_entry *entry)
{
	struct cal_redis_parcel *parcel;
	struct cal_redis_entry *kept;
	uint8_t *at;

	parcel = cal_malloc(sizeof(*parcel) + entry->id.len + entry->hdr.len +
	    entry->msg.len + entry->topic.len + entry->dead.reason.len +
	    entry->dead.id.len + entry->dead.group.len);
	parcel->hold.free = parcel_free;
	kept = &parcel->entry;
	*kept = *entry;
	at = parcel->bytes;
	kept->id = cal_slice_keep(&at, entry->id);
	kept->hdr = cal_slice_keep(&at, entry->hdr);
	kept->msg = cal_slice_keep(&at, entry->msg);
	kept->topic = cal_slice_keep(&at, entry->topic);
	kept->dead.reason = cal_slice_keep(&at, entry->dead.reason);
	kept->dead.id = cal_slice_keep(&at, entry->dead.id);
	kept->dead.group = cal_slice_keep(&at, entry->dead.group);
	return parcel;
}

static struct cal_redis_parcel *
take_first(struct cal_redis_tap *tap)
{
	struct cal_redis_parcel *parcel = TAILQ_FIRST(&tap->parcels);

	if (parcel == NULL)
		return NULL;
	TAILQ_REMOVE(&tap->parcels, parcel, in_queue);
	tap->held--;
	return parcel;
}

void
cal_redis_keep_hand_up(struct cal_redis_tap *tap)
{
	struct cal_redis_parcel *parcel;
	struct cal_redis_entry entry;

	while (!tap->paused && (parcel = take_first(tap)) != NULL) {
		entry = parcel->entry;
		cal_redis_tap_give(tap, &entry, parcel->receipt,
		    &parcel->hold);
	}
}

void
cal_redis_keep_give_back(struct cal_redis_tap *tap)
{
	struct cal_redis_parcel *parcel;
	struct cal_redis_batch *batch;

	while ((parcel = take_first(tap)) != NULL) {
		cal_redis_claims_settle(tap->claims, parcel->receipt,
		    CAL_SETTLE_BACK, NULL);
		free(parcel);
	}
	TAILQ_FOREACH(batch, &tap->batches, in_queue)
		for (; batch->next < batch->count; batch->next++, tap->held--)
			if (batch->receipts[batch->next] != 0)
				cal_redis_claims_settle(tap->claims,
				    batch->receipts[batch->next],
				    CAL_SETTLE_BACK, NULL);
}

/* What the claims tell. */

static void
on_ready(void *arg)
{
	struct cal_redis_tap *tap = arg;

	tap->asked = false;
	tap->step = CAL_REDIS_NEW;
	/* Maybe all room is taken by what was ours. */
	cal_redis_tap_be_up(tap);
	cal_redis_tap_ask(tap);
}

static size_t
room(void *arg)
{
	const struct cal_redis_tap *tap = arg;
	size_t limit = tap->want;

	if (tap->paused || tap->leaving)
		return 0;
	if (tap->held >= limit)
		return 0;
	return lesser(limit - tap->held, cal_redis_keep_room(tap));
}

static void
on_claimed(void *arg, const struct cal_redis_entry *entry, uint64_t receipt)
{
	struct cal_redis_tap *tap = arg;
	struct cal_redis_parcel *parcel = copy(entry);

	parcel->receipt = receipt;
	TAILQ_INSERT_TAIL(&tap->parcels, parcel, in_queue);
	tap->held++;
	cal_redis_tap_wake(tap);
}

static void
on_trimmed(void *arg, uint64_t count)
{
	cal_redis_tap_miss(arg, count);
}

/* No read may be on its way when it is made again. */
static void
on_gone(void *arg)
{
	struct cal_redis_tap *tap = arg;

	if (tap->asked && tap->step != CAL_REDIS_RECOVER) {
		cal_redis_session_restart(tap->reads);
		return;
	}
	tap->asked = false;
	cal_redis_tap_miss_group(tap);
	cal_redis_tap_ask(tap);
}

static void
on_failed(void *arg, const struct cal_err *err)
{
	cal_redis_tap_end(arg, err);
}

static void
on_left(void *arg)
{
	cal_redis_tap_say_left(arg);
}

int
cal_redis_keep_open(struct cal_redis_tap *tap, struct cal_err *err)
{
	const struct cal_redis_claims_conf conf = {
		.loop = tap->conn.conf.loop,
		.session = tap->other,
		.stream = tap->group.stream,
		.group = tap->group.group,
		.consumer = tap->conn.conf.url.redis.consumer,
		.durable = true,
		.lease = tap->conf.lease,
		.max_deliver = tap->conf.max_deliver,
		.ready = on_ready,
		.room = room,
		.claimed = on_claimed,
		.trimmed = on_trimmed,
		.gone = on_gone,
		.failed = on_failed,
		.left = on_left,
		.arg = tap,
	};

	if (tap->group.group == NULL)
		return cal_fail(err, CAL_EUSAGE,
		    "nothing is acknowledged without a group");
	tap->claims = cal_redis_claims_new(&conf);
	tap->group.consumer = cal_redis_claims_consumer(tap->claims);
	return CAL_OK;
}

void
cal_redis_keep_close(struct cal_redis_tap *tap)
{
	struct cal_redis_parcel *parcel;

	while ((parcel = take_first(tap)) != NULL)
		free(parcel);
	cal_redis_claims_free(tap->claims);
}
