/*
 * A publisher's beginning and end, and what it waits for in between.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "stream/publisher_parts.h"

void
cal_publisher_tell(struct cal_publisher *publisher)
{
	if (!ev_is_pending(&publisher->told))
		ev_feed_event(publisher->conf.loop, &publisher->told, 0);
}

static void
on_told(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_publisher *publisher = timer->data;
	const struct cal_publisher_conf *conf = &publisher->conf;

	(void)loop;
	(void)revents;
	if (publisher->failed)
		return;
	if (conf->sent != NULL)
		conf->sent(conf->arg);
	if (publisher->was_full && !cal_publisher_full(publisher)) {
		publisher->was_full = false;
		conf->room(conf->arg);
	}
	if (publisher->parcels.count == 0)
		conf->drained(conf->arg);
}

static void
fail(struct cal_publisher *publisher, const struct cal_err *err)
{
	if (publisher->failed)
		return;
	publisher->failed = true;
	ev_timer_stop(publisher->conf.loop, &publisher->wait);
	publisher->conf.failed(publisher->conf.arg, err);
}

/* Waiting for readers. */

static size_t
readers(const struct cal_publisher *publisher, struct cal_slice topic)
{
	size_t i, n = 0;

	for (i = 0; i < publisher->count; i++)
		n += cal_conn_readers(publisher->outlets[i].conn, topic);
	return n;
}

/* Enough are there for the first message: from here on nothing is held. */
static void
look_for_readers(struct cal_publisher *publisher)
{
	struct cal_parcel *first = cal_parcels_first(&publisher->parcels);

	if (!publisher->holding || first == NULL ||
	    readers(publisher, first->topic) < publisher->conf.wait_readers)
		return;
	publisher->holding = false;
	ev_timer_stop(publisher->conf.loop, &publisher->wait);
	cal_publisher_flush(publisher);
}

static void
on_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_publisher *publisher = timer->data;
	const struct cal_publisher_conf *conf = &publisher->conf;
	struct cal_slice topic =
	    cal_parcels_first(&publisher->parcels)->topic;
	const char *trouble = NULL;
	struct cal_err err;
	size_t i;

	(void)loop;
	(void)revents;
	for (i = 0; i < publisher->count && trouble == NULL; i++)
		trouble = cal_conn_trouble(publisher->outlets[i].conn);
	(void)cal_fail(&err, CAL_EUNAVAIL, "%zu of %zu %s within %g s%s%s",
	    readers(publisher, topic), conf->wait_readers, conf->distribute ?
	    "readers came" : "subscribers came", conf->wait_timeout,
	    trouble == NULL ? "" : ": ", trouble == NULL ? "" : trouble);
	fail(publisher, &err);
}

/* The first message is there: readers have their time from now on. */
static void
start_waiting(struct cal_publisher *publisher)
{
	look_for_readers(publisher);
	if (!publisher->holding || publisher->conf.wait_timeout == 0 ||
	    ev_is_active(&publisher->wait))
		return;
	ev_timer_set(&publisher->wait, publisher->conf.wait_timeout, 0);
	ev_timer_start(publisher->conf.loop, &publisher->wait);
}

/* The transport's events. */

static void
on_room(void *arg)
{
	struct cal_outlet *outlet = arg;

	outlet->full = false;
	cal_publisher_flush(outlet->publisher);
}

static void
on_readers(void *arg)
{
	struct cal_outlet *outlet = arg;

	look_for_readers(outlet->publisher);
}

static void
on_up(void *arg, struct cal_link *link)
{
	struct cal_outlet *outlet = arg;

	(void)link;
	cal_log(CAL_LOG_INFO, "connected to %s", outlet->url);
}

static void
on_down(void *arg, struct cal_link *link)
{
	struct cal_outlet *outlet = arg;

	(void)link;
	cal_log(CAL_LOG_INFO, "lost the connection to %s", outlet->url);
}

static void
on_message(void *arg, struct cal_link *link, struct cal_message *message)
{
	(void)arg;
	(void)link;
	(void)message;
}

static void
on_stored(void *arg, struct cal_slice id)
{
	struct cal_outlet *outlet = arg;
	struct cal_publisher *publisher = outlet->publisher;

	outlet->stored++;
	if (publisher->conf.stored != NULL)
		publisher->conf.stored(publisher->conf.arg, id);
	cal_publisher_tell(publisher);
}

/* Also: it is all over, for this reason. */
static void
on_refused(void *arg, const struct cal_err *why)
{
	struct cal_outlet *outlet = arg;
	struct cal_err err = *why;

	if (outlet->publisher->conf.urls_count > 1)
		cal_err_prefix(&err, "%s", outlet->url);
	fail(outlet->publisher, &err);
}

static const struct cal_conn_events outlet_events = {
	.up = on_up,
	.message = on_message,
	.down = on_down,
	.refused = on_refused,
	.room = on_room,
	.readers = on_readers,
	.stored = on_stored,
	.ended = on_refused,
};

/* Opening and closing. */

static int
open_outlet(struct cal_publisher *publisher, const struct cal_url *url,
    struct cal_err *err)
{
	const struct cal_publisher_conf *conf = &publisher->conf;
	struct cal_outlet *outlet = &publisher->outlets[publisher->count];
	struct cal_conn_conf conn = {
		.loop = conf->loop,
		.url = *url,
		.bind = conf->bind,
		.pattern = conf->distribute ? CAL_PATTERN_PUSH :
		    CAL_PATTERN_PUBLISH,
		.keys = conf->keys,
		.redis = conf->redis,
		.insecure = conf->insecure,
		.max_body = conf->max_body,
		.events = &outlet_events,
		.arg = outlet,
	};
	int rc;

	outlet->publisher = publisher;
	outlet->redis = cal_url_is_redis(url);
	if (outlet->redis) {
		publisher->holding = false;
		publisher->conf.wait_readers = 0;
	}
	ev_init(&outlet->patience, cal_outlet_pass);
	outlet->patience.data = outlet;
	if ((rc = cal_conn_open(&outlet->conn, &conn, err)) != CAL_OK)
		return rc;
	outlet->url = cal_conn_address(outlet->conn);
	publisher->count++;
	return CAL_OK;
}

int
cal_publisher_open(struct cal_publisher **publisherp,
    const struct cal_publisher_conf *conf, struct cal_err *err)
{
	struct cal_publisher *publisher;
	size_t i;
	int rc;

	*publisherp = NULL;
	CAL_NEW(publisher);
	publisher->conf = *conf;
	publisher->holding = conf->wait_readers > 0;
	cal_parcels_init(&publisher->parcels);
	publisher->outlets = cal_calloc(conf->urls_count,
	    sizeof(*publisher->outlets));
	ev_init(&publisher->wait, on_late);
	ev_init(&publisher->told, on_told);
	publisher->wait.data = publisher->told.data = publisher;
	for (i = 0; i < conf->urls_count; i++)
		if ((rc = open_outlet(publisher, &conf->urls[i],
		    err)) != CAL_OK) {
			(void)cal_publisher_close(publisher, 0);
			return rc;
		}
	publisher->conf.urls = NULL;    /* lent until here */
	*publisherp = publisher;
	return CAL_OK;
}

char *
cal_publisher_address(const struct cal_publisher *publisher, size_t number)
{
	return cal_strdup(publisher->outlets[number].url);
}

void
cal_publisher_put(struct cal_publisher *publisher, struct cal_slice topic,
    const struct cal_streammsg *head, struct cal_slice body)
{
	CAL_FAULT("read");
	cal_buf_clear(&publisher->header);
	cal_streammsg_write(head, &publisher->header);
	cal_publisher_hand(publisher, topic, body);
	if (publisher->holding)
		start_waiting(publisher);
	if (cal_publisher_full(publisher))
		publisher->was_full = true;
}

bool
cal_publisher_full(const struct cal_publisher *publisher)
{
	const struct cal_parcels *parcels = &publisher->parcels;

	return parcels->count >= CAL_PUBLISHER_QUEUE ||
	    parcels->bytes >= 4 * publisher->conf.max_body;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Of several addresses the one that is furthest behind counts. */
void
cal_publisher_counts(const struct cal_publisher *publisher,
    struct cal_publisher_counts *counts)
{
	const struct cal_outlet *outlet;
	uint64_t unsent = 0;
	size_t i;

	*counts = publisher->counts;
	for (i = 0; i < publisher->count; i++) {
		outlet = &publisher->outlets[i];
		if (!outlet->redis)
			continue;
		counts->sent = least(counts->sent, outlet->stored);
		unsent = most(unsent, outlet->conn->counts.unsent);
		counts->unknown = most(counts->unknown,
		    outlet->conn->counts.unknown);
	}
	counts->waiting = publisher->parcels.count + unsent;
}

bool
cal_publisher_left(const struct cal_publisher *publisher,
    uint64_t *progressp)
{
	uint64_t progress;
	bool left = true;
	size_t i;

	*progressp = 0;
	for (i = 0; i < publisher->count; i++) {
		left &= cal_conn_left(publisher->outlets[i].conn, &progress);
		*progressp += progress;
	}
	return left;
}

bool
cal_publisher_confirms(const struct cal_publisher *publisher)
{
	size_t i;

	for (i = 0; i < publisher->count; i++)
		if (!publisher->outlets[i].redis)
			return false;
	return true;
}

void
cal_publisher_recheck(struct cal_publisher *publisher)
{
	size_t i;

	for (i = 0; i < publisher->count; i++)
		cal_conn_recheck(publisher->outlets[i].conn);
}

/*
 * The transport's time for what it took is one for all of them: if it is over
 * in the end, somebody needed all of it.
 */
bool
cal_publisher_close(struct cal_publisher *publisher, double grace)
{
	double start = cal_clock_now();
	struct cal_outlet *outlet;
	bool all = true;
	size_t i;

	if (publisher == NULL)
		return true;
	ev_timer_stop(publisher->conf.loop, &publisher->wait);
	ev_clear_pending(publisher->conf.loop, &publisher->told);
	for (i = 0; i < publisher->count; i++) {
		outlet = &publisher->outlets[i];
		ev_timer_stop(publisher->conf.loop, &outlet->patience);
		all &= cal_conn_close(outlet->conn, grace);
		free(outlet->url);
	}
	free(publisher->outlets);
	cal_parcels_release(&publisher->parcels);
	cal_buf_release(&publisher->header);
	free(publisher);
	return all && (grace == 0 || cal_clock_now() - start < grace);
}
