/*
 * Inside a publisher: what its files share.  Nobody else includes this.
 *
 * publisher.c opens, closes and waits for readers; publisher_send.c hands
 * messages over, now or from the queue.
 */
#ifndef CAL_STREAM_PUBLISHER_PARTS_H
#define CAL_STREAM_PUBLISHER_PARTS_H

#include <ev.h>

#include "stream/parcels.h"
#include "stream/publisher.h"

/* One address. */
struct cal_outlet {
	struct cal_publisher *publisher;
	struct cal_conn *conn;
	char *url;
	bool redis;
	uint64_t stored;                /* redis: messages that it confirmed */
	struct cal_parcel *next;        /* broadcast: what it takes next; NULL:
	                                   it has taken everything */
	bool full;                      /* it said so, and was not asked since */
	bool passing;                   /* who has no room next falls behind */
	ev_timer patience;              /* while it is full; broadcast */
};

struct cal_publisher {
	struct cal_publisher_conf conf;
	struct cal_outlet *outlets;
	size_t count;                   /* of those that are open */
	size_t turn;                    /* distribution: who is asked first */
	struct cal_parcels parcels;
	struct cal_publisher_counts counts;
	struct cal_buf header;          /* of the message being put */
	bool holding;                   /* until enough readers are there */
	bool failed;
	bool was_full;                  /* and nobody was told of room since */
	ev_timer wait;                  /* from the first message on */
	ev_timer told;                  /* only ever fed: tells the owner */
};

/* publisher_send.c: one message, now; or it waits in the queue. */
void cal_publisher_hand(struct cal_publisher *publisher,
    struct cal_slice topic, struct cal_slice body);

/* publisher_send.c: hands over from the queue what can be. */
void cal_publisher_flush(struct cal_publisher *publisher);

/* publisher_send.c: its readers had their time; an outlet's timer. */
void cal_outlet_pass(struct ev_loop *loop, ev_timer *timer, int revents);

/* publisher.c: the owner hears of it in this turn of the loop. */
void cal_publisher_tell(struct cal_publisher *publisher);

#endif
