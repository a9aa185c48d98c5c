/*
 * A pool of workers from a script, its jobs, and what they come to.  The
 * script says the number of its process, unless it was asked something else.
 */
#ifndef CAL_TESTS_POOLS_H
#define CAL_TESTS_POOLS_H

#include "children.h"
#include "exec/pool_parts.h"

#define SCRIPT \
	"while read -r a; do case $a in" \
	" die) exit 3;;" \
	" hang) while ! test -e $READY; do sleep 0.01; done; echo $$;;" \
	" env) echo $CAL_METHOD-${CAL_PEER-none}-$BASE;;" \
	" *) echo $$;; esac; done"

struct errand {
	struct cal_job job;             /* first */
	size_t begun;
	bool ended;
	int number;                     /* which to end it was */
	struct cal_outcome outcome;
};

static int ends;
static uint64_t deaths;

static inline struct cal_pool *
pool_of(struct cal_handler *handler)
{
	return (struct cal_pool *)(void *)handler;
}

static inline struct cal_handler *
new_pool_of(char *const *argv, struct cal_pool_conf conf)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "BASE=1",
	    NULL };
	struct cal_handler *handler;
	struct cal_err err;

	conf.command.reaper = reaper;
	conf.command.argv = argv;
	if (conf.command.env == NULL)
		conf.command.env = env;
	conf.command.kill_after = 0.1;
	conf.command.loop = loop;
	if (conf.dialect == NULL)
		conf.dialect = &cal_dialect_lines;
	conf.max_answer = 1 << 20;
	conf.deaths = &deaths;
	ends = 0;
	deaths = 0;
	assert_int_equal(cal_pool_new(&handler, &conf, &err), CAL_OK);
	assert_int_equal(handler->capacity, conf.processes * conf.depth);
	return handler;
}

static inline struct cal_handler *
new_pool(const char *script, struct cal_pool_conf conf)
{
	char sh[] = "/bin/sh", c[] = "-c", *text = cal_strdup(script);
	char *argv[] = { sh, c, text, NULL };
	struct cal_handler *handler = new_pool_of(argv, conf);

	free(text);
	return handler;
}

static inline struct cal_handler *
new_workers(size_t processes, size_t depth)
{
	return new_pool(SCRIPT, (struct cal_pool_conf){
		.processes = processes, .depth = depth, .method = "m" });
}

/* All its workers end, and then it is over itself. */
static inline void
close_pool(struct cal_handler *handler)
{
	handler->ops->free(handler);
	WAIT_FOR(cal_reaper_watched(reaper) == 0);
	settle();
}

static inline void
on_begun(struct cal_job *job)
{
	((struct errand *)(void *)job)->begun++;
}

static inline void
on_ended(struct cal_job *job, struct cal_outcome *outcome)
{
	struct errand *errand = (struct errand *)(void *)job;

	assert_false(errand->ended);
	assert_null(job->work);
	errand->ended = true;
	errand->number = ends++;
	errand->outcome = *outcome;
}

static inline int
try(struct cal_handler *handler, struct errand *errand, const char *body,
    struct cal_err *err)
{
	memset(errand, 0, sizeof(*errand));
	errand->job.method = cal_slice_text("m");
	errand->job.seq = cal_slice_text("7");
	errand->job.peer = cal_slice_text("p1");
	errand->job.body = cal_slice_text(body);
	errand->job.max_answer = 1 << 20;
	errand->job.begun = on_begun;
	errand->job.ended = on_ended;
	return handler->ops->start(handler, &errand->job, err);
}

static inline void
start(struct cal_handler *handler, struct errand *errand, const char *body)
{
	struct cal_err err;

	assert_int_equal(try(handler, errand, body, &err), CAL_OK);
	assert_false(errand->ended);
}

/* The number that it answered; its outcome is released. */
static inline pid_t
pid_of(struct errand *errand)
{
	pid_t pid;

	WAIT_FOR(errand->ended);
	assert_int_equal(errand->outcome.verdict, CAL_VERDICT_RESULT);
	pid = (pid_t)atoi(cal_buf_text(&errand->outcome.body));
	assert_true(pid > 0);
	cal_outcome_release(&errand->outcome);
	return pid;
}

static inline void
expect(struct errand *errand, enum cal_verdict verdict, const char *name,
    const char *text)
{
	WAIT_FOR(errand->ended);
	assert_int_equal(errand->outcome.verdict, verdict);
	if (name != NULL)
		assert_string_equal(errand->outcome.name, name);
	assert_string_equal(cal_buf_text(verdict == CAL_VERDICT_RESULT ?
	    &errand->outcome.body : &errand->outcome.repr), text);
	cal_outcome_release(&errand->outcome);
}

/* The gate, for those that hang: the file that $READY names. */
static inline char *
new_gate(const char **env)
{
	char *path = folder_path("gate");

	env[0] = "PATH=/usr/bin:/bin";
	env[1] = cal_asprintf("READY=%s", path);
	env[2] = NULL;
	return path;
}

static inline void
open_gate(const char *path)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static inline void
close_gate(char *path, const char *const *env)
{
	assert_int_equal(unlink(path), 0);
	free(path);
	free((void *)(uintptr_t)env[1]);
}

#endif
