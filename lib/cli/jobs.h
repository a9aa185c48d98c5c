/*
 * Commands that do the work: rows that the option tables of programs that run
 * them share, and what they come to.
 */
#ifndef CAL_CLI_JOBS_H
#define CAL_CLI_JOBS_H

#include "cli/opt.h"
#include "exec/command.h"
#include "exec/dialect.h"

enum {
	CAL_JOBS_MAX = 100000,          /* commands at a time */
	CAL_JOBS_WORKERS = 1000,
	CAL_JOBS_DEPTH = 100000,
};

/* Before parsing it is CAL_JOBS_USUAL. */
struct cal_jobs_options {
	int coprocess;                  /* its number; -1: none */
	uint64_t jobs;                  /* commands, or workers, at a time */
	uint64_t depth;                 /* requests in one worker */
	double kill_after, grace;
	const char *pass_env;

	/* What they come to. */
	const struct cal_dialect *dialect;      /* NULL: no --coprocess */
};

#define CAL_JOBS_USUAL { .coprocess = -1, .kill_after = 2, .grace = 10 }

/* Rows for struct cal_jobs_options *work; the help says what -j is. */
#define CAL_JOBS_ROWS(work, jobs_help, coprocess_help)                  \
	{ .name = "jobs", .letter = 'j', .kind = CAL_OPT_WHOLE,         \
	    .value = "N", .dest = &(work)->jobs, .low = 1,              \
	    .high = CAL_JOBS_MAX, .help = (jobs_help) },                \
	{ .name = "coprocess", .kind = CAL_OPT_CHOICE, .value = "KIND", \
	    .dest = &(work)->coprocess, .choices = cal_dialect_names,   \
	    .help = (coprocess_help) },                                 \
	{ .name = "depth", .kind = CAL_OPT_WHOLE, .value = "N",         \
	    .dest = &(work)->depth, .low = 1, .high = CAL_JOBS_DEPTH,   \
	    .help = "requests at a time in one worker (lines and "      \
	    "framed 1, jsonrpc 100)" },                                 \
	{ .name = "kill-after", .kind = CAL_OPT_SECONDS, .value = "S",  \
	    .dest = &(work)->kill_after,                                \
	    .help = "seconds between TERM and KILL (2)" },              \
	{ .name = "grace", .kind = CAL_OPT_SECONDS, .value = "S",       \
	    .dest = &(work)->grace, .help = "at SIGTERM, let commands " \
	    "run for S more seconds (10)" },                            \
	{ .name = "pass-env", .kind = CAL_OPT_TEXT, .value = "LIST",    \
	    .dest = &(work)->pass_env, .help = "more variables for "    \
	    "commands, with commas between; '*': all" }

/*
 * Fills what was not given: usual commands at a time, a worker for each
 * processor, the depth of the kind.  text: bodies are plain text.  CAL_EUSAGE.
 */
int cal_jobs_settle(struct cal_jobs_options *work, uint64_t usual, bool text,
    struct cal_err *err);

/* How many run at a time, or wait in a worker, once it is settled. */
static inline size_t
cal_jobs_room(const struct cal_jobs_options *work)
{
	return work->dialect == NULL ? work->jobs : work->jobs * work->depth;
}

/* What commands need: whoever collects them, and their environment. */
struct cal_jobs {
	struct ev_loop *loop;
	struct cal_reaper *reaper;
	char **env;
};

/*
 * Before the first thread is made.  Should the process exit before
 * cal_jobs_started, it kills what it has started.
 */
int cal_jobs_open(struct cal_jobs *jobs,
    const struct cal_jobs_options *options, struct ev_loop *loop,
    struct cal_err *err);
void cal_jobs_started(struct cal_jobs *jobs);

/* Every handler's command, without argv. */
struct cal_command_conf cal_jobs_command(const struct cal_jobs *jobs,
    const struct cal_jobs_options *options);

/*
 * Turns the loop until all processes have ended that were told to, kill: at
 * once; and then kills what they left behind.
 */
void cal_jobs_end(struct cal_jobs *jobs, bool kill);

void cal_jobs_close(struct cal_jobs *jobs);     /* no handler uses it */

#endif
