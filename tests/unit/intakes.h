/*
 * What tests of lib/sub share: an intake over a consumer that does as it is
 * told, with standard output and stderr in files.
 */
#ifndef CAL_TESTS_INTAKES_H
#define CAL_TESTS_INTAKES_H

#include "commands.h"
#include "false_consumer.h"
#include "sub/intake.h"
#include "words.h"

static struct cal_sub_options options;
static struct cal_intake *intake;
static struct cal_jobs jobs;
static struct words words;
static bool done, ready;
static FILE *said[2];                   /* stdout, stderr; NULL: as it was */
static int kept[2];
static int instead = -1;                /* of a file for stdout */

static int
parse(const char *line, struct cal_err *err)
{
	bool over;
	int rc;

	free(options.topics);
	free(options.topic_list.items);
	words_split(&words, "cal-sub", line);
	rc = cal_sub_options_read(&options, words.argc, words.argv, &over,
	    err);
	assert_false(over);
	return rc;
}

static inline void
on_done(void *arg)
{
	(void)arg;
	assert_false(done);
	done = true;
}

static inline void
on_ready(void *arg)
{
	(void)arg;
	ready = true;
}

/* Descriptor 1 or 2 is a file from here on, or what stands instead of it. */
static inline void
listen_to(int fd)
{
	said[fd - 1] = tmpfile();
	assert_non_null(said[fd - 1]);
	kept[fd - 1] = dup(fd);
	assert_int_equal(dup2(fd == STDOUT_FILENO && instead != -1 ? instead :
	    fileno(said[fd - 1]), fd), fd);
}

static inline void
listen_no_more(int fd)
{
	(void)dup2(kept[fd - 1], fd);
	(void)close(kept[fd - 1]);
	(void)fclose(said[fd - 1]);
	said[fd - 1] = NULL;
}

/* After each test: of one that failed somebody wants to read why. */
static inline int
restore(void **state)
{
	int fd;

	(void)state;
	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (said[fd - 1] != NULL)
			listen_no_more(fd);
	return 0;
}

/* What was written to descriptor 1 or 2 so far; valid until the next. */
static inline const char *
heard(int fd)
{
	static char text[1 << 16];
	ssize_t n = pread(fileno(said[fd - 1]), text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static inline void
begin_with(char *const *command)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	struct cal_intake_conf conf = { .loop = loop, .options = &options,
	    .jobs = &jobs, .ready = on_ready, .done = on_done };
	struct cal_err err;

	jobs = (struct cal_jobs){ .loop = loop, .reaper = reaper,
	    .env = (char **)(uintptr_t)env };
	if (command != NULL)
		options.command = (char **)(uintptr_t)command;
	done = ready = false;
	listen_to(STDOUT_FILENO);
	listen_to(STDERR_FILENO);
	ev_now_update(loop);
	assert_int_equal(cal_intake_open(&intake, &conf, &err), CAL_OK);
}

/* The address, to which options and a command are added. */
static const char *address = "tcp://127.0.0.1:1";
#define ACKED "redis://127.0.0.1:1?stream=s&group=g"

/* Options as on the command line, without URL; a command has no arguments. */
static inline void
begin(const char *line)
{
	char *whole = cal_asprintf("%s %s", address, line);

	good(whole);
	free(whole);
	begin_with(NULL);
}

/* The same with a command for sh -c. */
static inline void
begin_shell(const char *line, const char *script)
{
	char sh[] = "sh", c[] = "-c", *text = cal_strdup(script);
	char *argv[] = { sh, c, text, NULL };
	char *whole = cal_asprintf("%s %s -- sh", address, line);

	good(whole);
	free(whole);
	begin_with(argv);
	free(text);
}

/* Its status, once it is done. */
static inline int
end(void)
{
	int status;

	WAIT_FOR(done);
	status = cal_intake_close(intake);
	while (cal_reaper_watched(reaper) > 0)
		turn_loop();
	listen_no_more(STDOUT_FILENO);
	listen_no_more(STDERR_FILENO);
	return status;
}

static inline int
open_intakes(void **state)
{
	static const struct cal_log_conf conf = { .program = "cal-sub",
	    .level = CAL_LOG_WARNING, .patient = true };
	int rc = open_commands(state);

	cal_log_setup(&conf);
	return rc;
}

static inline int
close_intakes(void **state)
{
	free(options.topics);
	free(options.topic_list.items);
	return close_commands(state);
}

#endif
