/*
 * Inside a worker: what worker.c (its life) and worker_talk.c (questions and
 * answers) share.  Nobody else includes this.
 */
#ifndef CAL_EXEC_WORKER_PARTS_H
#define CAL_EXEC_WORKER_PARTS_H

#include "base/map.h"
#include "exec/chatter.h"
#include "exec/feed.h"
#include "exec/worker.h"

enum {
	CAL_WORKER_LABEL = 160,         /* METHOD[PID] */
	CAL_WORKER_WHY = 256,
	CAL_WORKER_SAID = 60,           /* bytes of what is no answer */
};

struct cal_worker {
	struct cal_process process;     /* first */
	struct cal_worker_conf conf;
	struct cal_feed *feed;          /* NULL: its input has ended */
	uint64_t written;               /* of the feed, when it was closed */
	uint64_t seen;                  /* of what was written: it has read */
	struct cal_askeds askeds;       /* as they were asked */
	size_t load;
	uint64_t last_id;
	struct cal_map *ids;            /* id to asked; NULL: in order */
	struct cal_ask ask;             /* what is being said */
	struct cal_buf output;          /* what was not cut into messages yet */
	size_t searched;
	struct cal_chatter chatter;
	ev_io out_io, errs_io;
	ev_timer errs_pause;            /* errs_io rests */
	ev_timer leave;
	bool full;                      /* takes no more */
	bool stopped;                   /* got TERM from us */
	bool deaf;                      /* is not heard any more */
	bool useful;
	char label[CAL_WORKER_LABEL];
	uint8_t said[CAL_WORKER_SAID];  /* the last message begins so */
	size_t said_len;
	char why[CAL_WORKER_WHY];       /* empty: as its status says */
};

/*
 * worker.c: nobody can know what its next bytes would mean.  What it said, and
 * the detail, which may show some of it, go to the log only: it may be about
 * somebody else than those who are told why.
 */
void cal_worker_reject(struct cal_worker *worker, const char *why,
    const char *detail);

/* worker_talk.c: it has asked no more. */
void cal_worker_take_out(struct cal_worker *worker, struct cal_asked *asked);

/* How much of what was written has it read?  As long as its input is open. */
void cal_worker_look(struct cal_worker *worker);

/* Reads at most len bytes of what it says and hands answers up; as read(2). */
ssize_t cal_worker_hear(struct cal_worker *worker, size_t len);

#endif
