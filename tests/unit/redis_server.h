/*
 * A Redis of the test's own, on a Unix socket in a temporary folder: there when
 * it answers, gone with the test.
 *
 * folder_enter comes first, folder_leave last; redis_stop is for teardown, and
 * no error without a server.
 */
#ifndef CAL_TESTS_REDIS_SERVER_H
#define CAL_TESTS_REDIS_SERVER_H

#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/url.h"
#include "folder.h"

enum { REDIS_DEADLINE = 20, REDIS_ARGS = 32 };

static pid_t redis_pid;
static redisContext *redis_own;         /* the test's own connection */
static const char *redis_args[REDIS_ARGS];

static inline void
redis_path(char *path, size_t size)
{
	(void)snprintf(path, size, "%s/redis.sock", folder_path);
}

/* Fills url as redis+unix://PATH?stream=STREAM has it. */
static inline void
redis_url(struct cal_url *url, const char *stream)
{
	memset(url, 0, sizeof(*url));
	url->scheme = CAL_REDIS_UNIX;
	redis_path(url->path, sizeof(url->path));
	(void)snprintf(url->redis.stream, sizeof(url->redis.stream), "%s",
	    stream);
}

static inline void
redis_child(void)
{
	const char *argv[REDIS_ARGS + 16] = { "redis-server", "--port", "0",
	    "--unixsocket", "redis.sock", "--save", "", "--daemonize", "no",
	    "--logfile", "redis.log" };
	size_t i, count = 11;

	for (i = 0; i < REDIS_ARGS && redis_args[i] != NULL; i++)
		argv[count++] = redis_args[i];
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static inline void
redis_leave(void)
{
	if (redis_own != NULL)
		redisFree(redis_own);
	redis_own = NULL;
}

/*
 * A command of the test's own, over a connection of its own: "XADD s * a b",
 * with %s and %b as hiredis has them.  The caller frees.  NULL: not sent.
 */
static inline redisReply *
redis_try(const char *format, va_list args)
{
	char path[64];

	redis_path(path, sizeof(path));
	if (redis_own == NULL)
		redis_own = redisConnectUnix(path);
	if (redis_own == NULL || redis_own->err != 0)
		return NULL;
	return redisvCommand(redis_own, format, args);
}

static inline redisReply *
redis_do(const char *format, ...)
{
	redisReply *reply;
	va_list args;

	va_start(args, format);
	reply = redis_try(format, args);
	va_end(args);
	if (reply == NULL)
		fail_msg("no answer to %s", format);
	return reply;
}

/* The same, when only the number (or the length, the count) of its reply is
 * wanted. */
static inline long long
redis_number(const char *format, ...)
{
	redisReply *reply;
	va_list args;
	long long number;

	va_start(args, format);
	reply = redis_try(format, args);
	va_end(args);
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", format,
		    reply == NULL ? "no answer" : reply->str);
	number = reply->type == REDIS_REPLY_ARRAY ? (long long)reply->elements :
	    reply->type == REDIS_REPLY_INTEGER ? reply->integer :
	    (long long)reply->len;
	freeReplyObject(reply);
	return number;
}

/* Does an error that begins with this word come back? */
static inline bool
redis_says(const char *command, const char *word)
{
	redisReply *reply = redis_do(command);
	bool said = reply->type == REDIS_REPLY_ERROR &&
	    strncmp(reply->str, word, strlen(word)) == 0;

	freeReplyObject(reply);
	return said;
}

/* It answers something, be it that we are not let in. */
static inline bool
redis_answers(void)
{
	redisReply *reply = NULL;
	char path[64];

	redis_leave();
	redis_path(path, sizeof(path));
	redis_own = redisConnectUnix(path);
	if (redis_own != NULL && redis_own->err == 0)
		reply = redisCommand(redis_own, "PING");
	if (reply == NULL) {
		redis_leave();
		return false;
	}
	freeReplyObject(reply);
	return true;
}

/* Starts it again as it was, with what it kept. */
static inline void
redis_restart(void)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	double start = cal_clock_now();

	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(redis_pid, 0);
	redis_pid = fork();
	assert_int_not_equal(redis_pid, -1);
	if (redis_pid == 0)
		redis_child();
	while (!redis_answers()) {
		if (waitpid(redis_pid, NULL, WNOHANG) == redis_pid) {
			redis_pid = 0;
			fail_msg("redis-server ended; see redis.log");
		}
		if (cal_clock_now() - start > REDIS_DEADLINE)
			fail_msg("redis-server does not answer");
		(void)nanosleep(&pause, NULL);
	}
}

/* Starts one; args: further words of its command line, up to a NULL. */
static inline void
redis_start(const char *const *args)
{
	size_t i;

	memset(redis_args, 0, sizeof(redis_args));
	for (i = 0; args != NULL && args[i] != NULL; i++) {
		assert_in_range(i, 0, REDIS_ARGS - 1);
		redis_args[i] = args[i];
	}
	redis_restart();
}

static inline void
redis_signal(int number)
{
	assert_int_not_equal(redis_pid, 0);
	assert_int_equal(kill(redis_pid, number), 0);
}

/* Kills it, frozen or not, and waits for its end. */
static inline void
redis_stop(void)
{
	redis_leave();
	if (redis_pid == 0)
		return;
	(void)kill(redis_pid, SIGKILL);
	while (waitpid(redis_pid, NULL, 0) == -1 && errno == EINTR)
		;
	redis_pid = 0;
}

#endif
