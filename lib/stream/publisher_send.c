/*
 * How messages are handed over.
 *
 * A message goes to the transport as it is put, where nothing is before it; the
 * queue is for what did not fit.  An outlet that said that it is full is asked
 * again when it says that it has room, not for every message.
 */
#include "base/fault.h"
#include "stream/publisher_parts.h"

static int
publish(struct cal_outlet *outlet, struct cal_slice topic,
    struct cal_slice header, struct cal_slice body, bool *missedp)
{
	struct cal_frames frames = {
		.word = CAL_WORD_UPPER,
		.header = header,
		.payload = body,
		.pre = &topic,
		.pre_count = topic.len > 0,
	};

	return cal_conn_publish(outlet->conn, &frames, outlet->passing,
	    missedp);
}

static void
lose_patience_later(struct cal_outlet *outlet)
{
	const struct cal_publisher_conf *conf = &outlet->publisher->conf;

	if (conf->no_drop || conf->distribute || outlet->redis ||
	    outlet->passing || ev_is_active(&outlet->patience))
		return;
	ev_timer_set(&outlet->patience, CAL_PUBLISHER_PATIENCE, 0);
	ev_timer_start(conf->loop, &outlet->patience);
}

/*
 * Hands a message to the outlet.  False: it is full.  *missedp is set when some
 * reader that fell behind does not get it.
 */
static bool
offer(struct cal_outlet *outlet, struct cal_slice topic,
    struct cal_slice header, struct cal_slice body, bool *missedp)
{
	if (outlet->full && !outlet->passing)
		return false;
	outlet->full = publish(outlet, topic, header, body, missedp) != CAL_OK;
	if (outlet->full) {
		lose_patience_later(outlet);
		return false;
	}
	outlet->passing = false;
	ev_timer_stop(outlet->publisher->conf.loop, &outlet->patience);
	return true;
}

/* Topics that nobody wants are nothing unusual; to have no readers at all is. */
static bool
is_read(const struct cal_publisher *publisher)
{
	size_t i;

	for (i = 0; i < publisher->count; i++)
		if (cal_conn_is_read(publisher->outlets[i].conn))
			return true;
	return false;
}

/* A message has left for all whom it is for. */
static void
count(struct cal_publisher *publisher, bool missed)
{
	const struct cal_publisher_conf *conf = &publisher->conf;

	publisher->counts.sent++;
	publisher->counts.missed += missed;
	if (!conf->distribute && conf->wait_readers > 0 && !is_read(publisher))
		publisher->counts.unread++;
	CAL_FAULT("published");
}

/* To one outlet, round and round.  False: all are full. */
static bool
distribute(struct cal_publisher *publisher, struct cal_slice topic,
    struct cal_slice header, struct cal_slice body)
{
	struct cal_outlet *outlet;
	bool missed = false;    /* nobody is passed over */
	size_t i;

	for (i = 0; i < publisher->count; i++) {
		outlet = &publisher->outlets[publisher->turn];
		publisher->turn = (publisher->turn + 1) % publisher->count;
		if (offer(outlet, topic, header, body, &missed))
			return true;
	}
	return false;
}

/* To every outlet that has nothing before it; the others have it to come. */
static void
broadcast(struct cal_publisher *publisher, struct cal_slice topic,
    struct cal_slice body)
{
	struct cal_slice header = cal_buf_view(&publisher->header);
	struct cal_parcel *parcel = NULL;
	struct cal_outlet *outlet;
	size_t i, late[CAL_PUBLISHER_URLS], late_count = 0;
	bool missed = false;

	for (i = 0; i < publisher->count; i++) {
		outlet = &publisher->outlets[i];
		if (publisher->holding || outlet->next != NULL ||
		    !offer(outlet, topic, header, body, &missed))
			late[late_count++] = i;
	}
	if (late_count == 0) {
		count(publisher, missed);
		return;
	}
	parcel = cal_parcels_add(&publisher->parcels, topic, header, body);
	parcel->takers = late_count;
	parcel->missed = missed;
	for (i = 0; i < late_count; i++) {
		outlet = &publisher->outlets[late[i]];
		if (outlet->next == NULL)
			outlet->next = parcel;
	}
}

void
cal_publisher_hand(struct cal_publisher *publisher, struct cal_slice topic,
    struct cal_slice body)
{
	struct cal_slice header = cal_buf_view(&publisher->header);

	if (!publisher->conf.distribute)
		broadcast(publisher, topic, body);
	else if (publisher->holding || publisher->parcels.count > 0 ||
	    !distribute(publisher, topic, header, body))
		(void)cal_parcels_add(&publisher->parcels, topic, header,
		    body);
	else
		count(publisher, false);
}

/* The first parcels, as far as everybody has them. */
static void
remove_taken(struct cal_publisher *publisher)
{
	struct cal_parcel *parcel;

	while ((parcel = cal_parcels_first(&publisher->parcels)) != NULL &&
	    parcel->takers == 0) {
		count(publisher, parcel->missed);
		cal_parcels_remove(&publisher->parcels);
	}
}

static void
flush_outlet(struct cal_outlet *outlet)
{
	struct cal_parcel *parcel;

	while ((parcel = outlet->next) != NULL && offer(outlet, parcel->topic,
	    parcel->header, parcel->body, &parcel->missed)) {
		outlet->next = cal_parcel_next(parcel);
		parcel->takers--;
	}
}

static void
flush_shared(struct cal_publisher *publisher)
{
	struct cal_parcel *parcel;

	while ((parcel = cal_parcels_first(&publisher->parcels)) != NULL &&
	    distribute(publisher, parcel->topic, parcel->header,
	    parcel->body)) {
		count(publisher, false);
		cal_parcels_remove(&publisher->parcels);
	}
}

void
cal_publisher_flush(struct cal_publisher *publisher)
{
	uint64_t before = publisher->counts.sent;
	size_t i;

	if (publisher->holding || publisher->failed)
		return;
	if (publisher->conf.distribute) {
		flush_shared(publisher);
	} else {
		for (i = 0; i < publisher->count; i++)
			flush_outlet(&publisher->outlets[i]);
		remove_taken(publisher);
	}
	if (publisher->counts.sent != before)
		cal_publisher_tell(publisher);
}

void
cal_outlet_pass(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_outlet *outlet = timer->data;

	(void)loop;
	(void)revents;
	outlet->passing = true;
	cal_publisher_flush(outlet->publisher);
}
