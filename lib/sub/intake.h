/*
 * An intake: messages from a consumer, printed, or each done by a command.
 *
 * No more is taken in than can be printed or done now: while standard output
 * is full, or every command is busy, messages wait on their way.  Messages of
 * one key are done one after the other.  It ends when it has its number of
 * messages, when its time is over, when one failed (unless it is to keep going)
 * or when it is told to: no message is taken then, and what runs may end.
 */
#ifndef CAL_SUB_INTAKE_H
#define CAL_SUB_INTAKE_H

#include "sub/options.h"

struct ev_loop;
struct cal_intake;

struct cal_intake_conf {
	struct ev_loop *loop;
	const struct cal_sub_options *options;
	const struct cal_conn_keys *keys;       /* NULL: not encrypted */
	const struct cal_jobs *jobs;            /* with a command */

	/* From the loop, each once.  Every address is connected, or bound. */
	void (*ready)(void *arg);
	/* Nothing runs any more, and all is printed that will be. */
	void (*done)(void *arg);
	void *arg;
};

/* Codes as of cal_command_new and cal_consumer_open. */
int cal_intake_open(struct cal_intake **intakep,
    const struct cal_intake_conf *conf, struct cal_err *err);

/* The real URLs, a newline between them.  The caller frees. */
char *cal_intake_addresses(const struct cal_intake *intake);

/*
 * Takes no message any more.  What runs gets the time of --grace, output that
 * nobody reads a moment; done follows.
 */
void cal_intake_stop(struct cal_intake *intake);

/* The same at once. */
void cal_intake_abort(struct cal_intake *intake);

/* Has the reader of our output gone? */
bool cal_intake_reader_gone(const struct cal_intake *intake);

/* The list of those who are let in was read again. */
void cal_intake_recheck(struct cal_intake *intake);

/* Counters on stderr. */
void cal_intake_say(const struct cal_intake *intake);

/*
 * Frees all, after done; the exit status.  Workers end in their time: the loop
 * has to turn until they have, and the intake's conf lives until then.
 */
int cal_intake_close(struct cal_intake *intake);

#endif
