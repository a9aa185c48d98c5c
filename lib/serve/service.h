/*
 * A service: requests from a peer, in an order, to the commands of methods.
 *
 * It drains when it is told to: requests that wait or still come are refused
 * with Busy, those that run may end within the grace, then they are stopped.
 * What waits in Redis is left to others.
 * Afterwards it is done, once, and says so.
 */
#ifndef CAL_SERVE_SERVICE_H
#define CAL_SERVE_SERVICE_H

#include "codec/body.h"
#include "rpc/peer.h"
#include "serve/methods.h"
#include "work/order.h"

struct cal_service;

struct cal_service_conf {
	struct ev_loop *loop;
	struct cal_reaper *reaper;
	struct cal_methods *methods;    /* lent */
	const struct cal_body *body;
	struct cal_url url;
	const struct cal_conn_keys *keys;       /* NULL: not encrypted */
	bool bind, insecure, compress, text, log_json;
	size_t max_body;
	const struct cal_conn_redis *redis;     /* lent; NULL: as zeroed */
	enum cal_order_kind order;
	size_t jobs, max_queue;
	uint64_t count;                 /* drain after so many; 0: never */
	double timeout;                 /* of one command; 0: for ever */

	void (*ready)(void *arg);       /* once: it can be called now */
	void (*done)(void *arg);        /* drained */
	void (*refused)(void *arg, const struct cal_err *err);
	void *arg;
};

/*
 * Bytes of requests that wait: so many times max_body.  Of answers that the
 * order holds back as many, or so many if that is more.
 */
enum { CAL_SERVICE_BODIES = 64, CAL_SERVICE_HELD = 4 << 20 };

int cal_service_open(struct cal_service **servicep,
    const struct cal_service_conf *conf, struct cal_err *err);

/* The real URL.  The caller frees. */
char *cal_service_address(const struct cal_service *service);

/*
 * The list of those who are let in was read again: whatever was asked for by
 * somebody who may not any more is refused, also while it runs.
 */
void cal_service_recheck(struct cal_service *service);

/*
 * grace below 0: what runs may take as long as it takes; a later call may set
 * one.
 */
void cal_service_drain(struct cal_service *service, double grace);

/*
 * Stops everything that runs, drained or not; every caller is told.  at_once:
 * without waiting for commands to end by themselves.
 */
void cal_service_abort(struct cal_service *service, bool at_once);

/* Was a command stopped because the grace was over? */
bool cal_service_cut_short(const struct cal_service *service);

/* Counters on stderr. */
void cal_service_say(const struct cal_service *service);

/*
 * Closes; nothing runs any more.  Answers get linger seconds to leave: true
 * when they all left.
 */
bool cal_service_close(struct cal_service *service, double linger);

#endif
