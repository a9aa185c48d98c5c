/*
 * A consumer: a connection for each address, each of which was up before it is
 * ready, and the messages that come over them.
 */
#include "stream/consumer_parts.h"

#include <stdlib.h>

#include "base/mem.h"

enum { KEEP_BYTES = 1 << 20 };  /* of memory, from message to message */

/*
 * Nobody tells that a subscription has arrived.  It leaves when the handshake
 * is over; whoever hears later that we are ready, and publishes then, should
 * not be faster than that.  A message that comes says that it is there.
 */
static const double SUBSCRIBED = 0.05;  /* seconds */

/* Who is there. */

static void
say_ready(struct cal_consumer *consumer)
{
	if (consumer->ready)
		return;
	consumer->ready = true;
	ev_timer_stop(consumer->conf.loop, &consumer->settled);
	consumer->conf.ready(consumer->conf.arg);
}

static void
on_settled(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	say_ready(timer->data);
}

/*
 * Each was connected.  One that has left since, perhaps because we had all that
 * it said, does not keep us from being ready for the others.  Redis keeps
 * what nobody reads yet.
 */
static void
be_connected(struct cal_consumer *consumer)
{
	ev_timer_stop(consumer->conf.loop, &consumer->patience);
	if (consumer->conf.distribute ||
	    cal_conn_is_silent(consumer->sources[0].conn))
		say_ready(consumer);
	else if (!consumer->ready)
		ev_timer_start(consumer->conf.loop, &consumer->settled);
}

static void
set_up(struct cal_inlet *source, bool up)
{
	struct cal_consumer *consumer = source->consumer;

	if (consumer->conf.bind || source->up == up)
		return;
	source->up = up;
	cal_log(CAL_LOG_INFO, up ? "connected to %s" :
	    "lost the connection to %s", source->url);
	if (source->met)
		return;
	source->met = true;
	if (++consumer->met == consumer->conf.urls_count)
		be_connected(consumer);
}

static void
on_up(void *arg, struct cal_link *link)
{
	(void)link;
	set_up(arg, true);
}

static void
on_down(void *arg, struct cal_link *link)
{
	(void)link;
	set_up(arg, false);
}

static void
on_refused(void *arg, const struct cal_err *why)
{
	struct cal_inlet *source = arg;
	struct cal_consumer *consumer = source->consumer;
	struct cal_err err = *why;

	if (consumer->denied)
		return;
	consumer->denied = true;
	ev_timer_stop(consumer->conf.loop, &consumer->patience);
	if (consumer->conf.urls_count > 1)
		cal_err_prefix(&err, "%s", source->url);
	consumer->conf.failed(consumer->conf.arg, &err);
}

/* One that ended is one that will never be up. */
static void
on_ended(void *arg, const struct cal_err *why)
{
	struct cal_inlet *source = arg;
	struct cal_consumer *consumer = source->consumer;

	if (why->code != CAL_OK) {
		on_refused(arg, why);
		return;
	}
	source->ended = true;
	if (++consumer->ended == consumer->count)
		consumer->conf.ended(consumer->conf.arg);
}

/* The first that is missing stands for all of them. */
static void
on_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_consumer *consumer = timer->data;
	struct cal_inlet *source = consumer->sources;
	const char *trouble;
	struct cal_err err;

	(void)loop;
	(void)revents;
	while (source->met)
		source++;
	trouble = cal_conn_trouble(source->conn);
	(void)cal_fail(&err, CAL_EUNAVAIL, "no connection to %s within %g s: "
	    "%s", source->url, consumer->conf.connect_timeout,
	    trouble == NULL ? "nothing answers" : trouble);
	consumer->conf.failed(consumer->conf.arg, &err);
}

/* What comes. */

static void
say_dropped(struct cal_inlet *source, const char *why)
{
	cal_log_gated(&source->consumer->gate, CAL_LOG_WARNING,
	    "dropped a message from %s: %s", source->url, why);
}

/* The transport has counted it. */
static void
on_malformed(void *arg, bool barred)
{
	say_dropped(arg, barred ? "its publisher is not let in any more" :
	    "its frames are not those of a stream");
}

/* A stranger's counter may say anything: the sum stays a number. */
static void
tell_gap(struct cal_consumer *consumer, struct cal_slice topic,
    uint64_t missing)
{
	uint64_t *sum = &consumer->counts.missing;

	*sum = missing < UINT64_MAX - *sum ? *sum + missing : UINT64_MAX;
	if (consumer->conf.gap != NULL)
		consumer->conf.gap(consumer->conf.arg, topic, missing);
}

static void
on_trimmed(void *arg, uint64_t count)
{
	const struct cal_inlet *source = arg;

	tell_gap(source->consumer, cal_slice_of(NULL, 0), count);
}

static void
note_gap(struct cal_inlet *source, const struct cal_delivery *delivery)
{
	struct cal_consumer *consumer = source->consumer;
	uint64_t missing;

	if (!delivery->head.has_seq || source->shared)
		return;
	missing = cal_gaps_note(consumer->gaps,
	    (uint32_t)(source - consumer->sources), delivery->topic,
	    delivery->head.seq);
	if (missing > 0)
		tell_gap(consumer, delivery->topic, missing);
}

static struct cal_receipt
receipt_of(const struct cal_inlet *source, const struct cal_message *message)
{
	return (struct cal_receipt){
		.source = (size_t)(source - source->consumer->sources),
		.number = message->receipt,
	};
}

static void
on_message(void *arg, struct cal_link *link, struct cal_message *message)
{
	struct cal_inlet *source = arg;
	struct cal_consumer *consumer = source->consumer;
	struct cal_delivery delivery;
	struct cal_err err;

	(void)link;
	if (cal_delivery_read(&delivery, message, &consumer->conf,
	    &consumer->expanded, &err) != CAL_OK) {
		consumer->counts.malformed++;
		say_dropped(source, err.text);
		cal_conn_settle(source->conn, message->receipt,
		    CAL_SETTLE_DEAD, err.text);
	} else {
		if (ev_is_active(&consumer->settled))
			say_ready(consumer);
		delivery.number = ++consumer->counts.messages;
		delivery.receipt = receipt_of(source, message);
		note_gap(source, &delivery);
		consumer->conf.message(consumer->conf.arg, &delivery);
	}
	if (consumer->expanded.cap > KEEP_BYTES)
		cal_buf_release(&consumer->expanded);
	else
		cal_buf_clear(&consumer->expanded);
}

static void
on_left(void *arg)
{
	struct cal_inlet *source = arg;
	struct cal_consumer *consumer = source->consumer;

	if (!source->leaving)
		return;
	source->leaving = false;
	if (--consumer->leaving == 0)
		consumer->conf.left(consumer->conf.arg);
}

static const struct cal_conn_events source_events = {
	.up = on_up,
	.message = on_message,
	.malformed = on_malformed,
	.down = on_down,
	.refused = on_refused,
	.ended = on_ended,
	.trimmed = on_trimmed,
	.left = on_left,
};

/* Its beginning and end. */

static int
open_source(struct cal_consumer *consumer, struct cal_err *err)
{
	const struct cal_consumer_conf *conf = &consumer->conf;
	struct cal_inlet *source = &consumer->sources[consumer->count];
	struct cal_conn_conf conn = {
		.loop = conf->loop,
		.url = conf->urls[consumer->count],
		.bind = conf->bind,
		.pattern = conf->distribute ? CAL_PATTERN_PULL :
		    CAL_PATTERN_SUBSCRIBE,
		.topics = conf->topics,
		.topics_count = conf->topics_count,
		.keys = conf->keys,
		.insecure = conf->insecure,
		.max_body = conf->max_body,
		.redis = conf->redis,
		.events = &source_events,
		.arg = source,
	};
	int rc;

	source->consumer = consumer;
	source->shared = conf->distribute || (cal_url_is_redis(&conn.url) &&
	    conn.url.redis.group[0] != '\0');
	if ((rc = cal_conn_open(&source->conn, &conn, err)) != CAL_OK)
		return rc;
	source->url = cal_conn_address(source->conn);
	consumer->count++;
	return CAL_OK;
}

int
cal_consumer_open(struct cal_consumer **consumerp,
    const struct cal_consumer_conf *conf, struct cal_err *err)
{
	struct cal_consumer *consumer;
	int rc;

	*consumerp = NULL;
	CAL_NEW(consumer);
	consumer->conf = *conf;
	consumer->sources = cal_calloc(conf->urls_count,
	    sizeof(*consumer->sources));
	consumer->gaps = cal_gaps_new(CAL_CONSUMER_TOPICS);
	ev_timer_init(&consumer->patience, on_late, conf->connect_timeout, 0);
	ev_timer_init(&consumer->settled, on_settled, SUBSCRIBED, 0);
	consumer->patience.data = consumer->settled.data = consumer;
	while (consumer->count < conf->urls_count) {
		if ((rc = open_source(consumer, err)) != CAL_OK) {
			cal_consumer_close(consumer);
			return rc;
		}
	}
	consumer->conf.urls = NULL;     /* lent until here */
	if (conf->bind)
		ev_feed_event(conf->loop, &consumer->settled, 0);
	else if (conf->connect_timeout > 0)
		ev_timer_start(conf->loop, &consumer->patience);
	*consumerp = consumer;
	return CAL_OK;
}

char *
cal_consumer_address(const struct cal_consumer *consumer, size_t number)
{
	return cal_strdup(consumer->sources[number].url);
}

void
cal_consumer_close(struct cal_consumer *consumer)
{
	size_t i;

	if (consumer == NULL)
		return;
	ev_timer_stop(consumer->conf.loop, &consumer->patience);
	ev_clear_pending(consumer->conf.loop, &consumer->settled);
	ev_timer_stop(consumer->conf.loop, &consumer->settled);
	for (i = 0; i < consumer->count; i++) {
		(void)cal_conn_close(consumer->sources[i].conn, 0);
		free(consumer->sources[i].url);
	}
	free(consumer->sources);
	cal_gaps_free(consumer->gaps);
	cal_buf_release(&consumer->expanded);
	free(consumer);
}
