/*
 * The process as we want it, whatever our parent left: nohup ignores SIGHUP
 * and that stays so, everything else is as after a login.
 */
#include <ev.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/die.h"
#include "cli/start.h"
#include "cli/words.h"

/* By number. */
static struct {
	ev_signal watcher;
	void (*fn)(void *arg, int number);
} heard[NSIG];

void
cal_start_process(const char *program)
{
	static const int reset[] = {
		SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2, SIGALRM,
	};
	static const struct cal_words usual;
	sigset_t none;
	size_t i;

	cal_io_sanitize();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
		(void)signal(reset[i], SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	cal_words_setup(program, &usual, true);
}

struct ev_loop *
cal_start_loop(void)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct cal_err err;

	if (loop == NULL) {
		(void)cal_fail(&err, CAL_EOS, "cannot start the event loop");
		cal_die(&err);
	}
	return loop;
}

static void
on_signal(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	(void)loop;
	(void)revents;
	heard[watcher->signum].fn(watcher->data, watcher->signum);
}

void
cal_start_signal(struct ev_loop *loop, int number,
    void (*fn)(void *arg, int number), void *arg)
{
	ev_signal *watcher = &heard[number].watcher;

	heard[number].fn = fn;
	ev_signal_init(watcher, on_signal, number);
	watcher->data = arg;
	ev_signal_start(loop, watcher);
}

void
cal_start_mortal(struct ev_loop *loop)
{
	ev_signal_stop(loop, &heard[SIGTERM].watcher);
	ev_signal_stop(loop, &heard[SIGINT].watcher);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
}

static const char *last_words;

/* In the handler of a signal: nothing but what may be called there. */
static void
on_last_signal(int number)
{
	(void)cal_io_write_all(STDERR_FILENO, last_words, strlen(last_words));
	cal_die_signal(number);
}

void
cal_start_last_words(struct ev_loop *loop, const char *words)
{
	cal_start_mortal(loop);
	last_words = words;
	(void)signal(SIGTERM, on_last_signal);
	(void)signal(SIGINT, on_last_signal);
}

void
cal_start_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}
