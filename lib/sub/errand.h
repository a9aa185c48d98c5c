/*
 * Inside an intake: what its files share.  Nobody else includes this.
 *
 * An errand is a message that a command does.  It exists from the message's
 * arrival until the command has ended, and keeps the message's memory.
 */
#ifndef CAL_SUB_ERRAND_H
#define CAL_SUB_ERRAND_H

#include <ev.h>

#include "base/log.h"
#include "base/num.h"
#include "base/spare.h"
#include "cli/out.h"
#include "sub/intake.h"
#include "sub/missing.h"
#include "sub/print.h"
#include "work/order.h"

struct cal_errand {
	struct cal_job job;             /* first: what a handler sees */
	struct cal_turn turn;
	struct cal_intake *intake;
	uint64_t number;                /* of the message */
	struct cal_streammsg head;
	struct cal_hold *hold;          /* of the message */
	struct cal_buf expanded;        /* its body, if it was compressed */
	struct cal_buf text;            /* and if it was converted */
	struct cal_buf key;             /* if it was found in the body */
	struct cal_buf stamp;
	char seq[CAL_NUM_TEXT];
	char id[CAL_SUB_ID_TEXT];
	size_t bytes;
	double arrival;
	struct cal_receipt receipt;
	bool begun;                     /* this delivery is counted */
	double delay;                   /* seconds, before the next one */
	enum cal_stop stop;             /* why it is being stopped */
	ev_timer limit;
	ev_timer rest;                  /* it could not start just now, or
	                                   failed and is to be tried again */
	TAILQ_ENTRY(cal_errand) next;
};
TAILQ_HEAD(cal_errands, cal_errand);

/* Done when so many bytes are written. */
struct cal_printed {
	struct cal_receipt receipt;
	uint64_t until;
	STAILQ_ENTRY(cal_printed) next;
};

struct cal_intake {
	struct cal_intake_conf conf;
	struct cal_consumer *consumer;
	struct cal_out *out;
	struct cal_printer printer;
	struct cal_missing missing;

	/* With a command. */
	struct cal_handler *handler;
	struct cal_order *order;
	struct cal_queue *queue;
	struct cal_slots slots;
	struct cal_errands errands;
	struct cal_spares spare_errands;
	size_t count, bytes;            /* of errands */
	uint64_t deaths;                /* of workers */
	struct cal_log_gate gate;       /* of errands that rest */
	size_t resting;                 /* errands that are to be tried again */
	uint64_t tried_again;

	/* Of acknowledged streams. */
	bool acks;
	STAILQ_HEAD(, cal_printed) printed;
	struct cal_spares spare_printed;

	uint64_t done;                  /* messages that were printed or done */
	uint64_t failed;
	int status;
	size_t want;                    /* messages, as the consumer knows */
	bool paused, stopping, reader_gone, over;
	bool ended;                     /* no message comes any more */
	bool drains;                    /* what was taken is still printed */
	bool leaving;                   /* the consumer still leaves */
	ev_timer turn;                  /* only ever fed */
	ev_timer time;                  /* of the whole run */
	ev_timer grace;                 /* for what runs */
	ev_timer leave;                 /* for the consumer */
	ev_timer patience;              /* for a reader who reads nothing: */
	double patience_s;              /* seconds; 0: there is no end of it */
};

/* errand_read.c: fills the job; codes as of cal_errand_new, which calls it. */
int cal_errand_read(struct cal_errand *errand,
    const struct cal_delivery *delivery, struct cal_err *err);

/* errand.c: CAL_EPROTO or CAL_EDATA, when body or key cannot be read. */
int cal_errand_new(struct cal_errand **errandp, struct cal_intake *intake,
    struct cal_delivery *delivery, struct cal_err *err);
void cal_errand_free(struct cal_errand *errand);
struct cal_errand *cal_errand_of_turn(struct cal_turn *turn);

/* Its turn comes again, or it leaves the order. */
void cal_errand_rest(struct cal_errand *errand, double delay);
void cal_errand_leave(struct cal_errand *errand, bool good);

/* Puts it into the order. */
void cal_errand_enqueue(struct cal_errand *errand);

/* The order says that it runs from now on. */
void cal_errand_start(struct cal_errand *errand);

/* One that was not begun, or rests: it is freed.  False: it runs. */
bool cal_errand_drop(struct cal_errand *errand);

/* Stops one that runs; at_once: kills what does it. */
void cal_errand_stop(struct cal_errand *errand, enum cal_stop why,
    bool at_once);

/*
 * settle.c: a record was put, and the message is done when it is written; at
 * once, if nothing was put.  Then: those are settled whose record is written;
 * and what will not be written any more is given back.
 */
void cal_settle_printed(struct cal_intake *intake,
    struct cal_receipt receipt, struct cal_slice record);
void cal_settle_written(struct cal_intake *intake);
void cal_settle_unwritten(struct cal_intake *intake);

/* settle.c: the consumer is gone; memory only. */
void cal_settle_forget(struct cal_intake *intake);

/* settle.c: nothing can be made of it, or nobody wants it any more. */
void cal_settle_dead(struct cal_intake *intake, struct cal_receipt receipt,
    const char *why);
void cal_settle_back(struct cal_intake *intake, struct cal_receipt receipt);

/*
 * settle.c: the errand failed, and *statusp is the status of that.  True: for
 * now only, it is tried again later.
 */
bool cal_settle_failed(struct cal_errand *errand,
    const struct cal_outcome *outcome, int *statusp);

/* intake.c: starts what may start, and takes or does not take messages. */
void cal_intake_go_on(struct cal_intake *intake);

/* intake.c: a message is printed, or done with. */
void cal_intake_count(struct cal_intake *intake);

/* intake.c: one failed, and this is the status of it alone. */
void cal_intake_fail(struct cal_intake *intake, int status);
void cal_intake_worsen(struct cal_intake *intake, int status);

/* intake.c: takes messages, or does not, as there is room. */
void cal_intake_set_pause(struct cal_intake *intake);

/* intake_end.c: sees in the next turn whether all is over. */
void cal_intake_wake(struct cal_intake *intake);

/*
 * intake_end.c: nothing new from here on.  grace: seconds for what runs; below
 * 0: as long as it takes.
 */
void cal_intake_end(struct cal_intake *intake, double grace);

/* intake_end.c: its timers and lists. */
void cal_intake_init(struct cal_intake *intake);

/* intake.c: what the consumer tells. */
void cal_intake_on_message(void *arg, struct cal_delivery *delivery);
void cal_intake_on_gap(void *arg, struct cal_slice topic, uint64_t missing);
void cal_intake_on_failed(void *arg, const struct cal_err *err);
void cal_intake_on_ended(void *arg);
void cal_intake_on_left(void *arg);

#endif
