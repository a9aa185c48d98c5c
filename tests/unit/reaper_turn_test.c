/* Unit tests of exec/reaper: many that die at a time hold up nothing else. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/reaper.h"
#include "loop.h"

enum { CHILDREN = 100, FEW = 20 };

static struct cal_reaper *reaper;
static struct cal_watch watches[CHILDREN];
static int null_fd, reaped, reaped_before_turn, turns;

static int
open_reaper(void **state)
{
	struct cal_err err;

	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return open_loop(state) == -1 || null_fd == -1 ||
	    cal_reaper_open(&reaper, loop, &err) != CAL_OK ? -1 : 0;
}

static int
close_reaper(void **state)
{
	cal_reaper_close(reaper);
	(void)close(null_fd);
	return close_loop(state);
}

static void
start(struct cal_watch *watch)
{
	char *argv[] = { (char[]){ "true" }, NULL }, *envp[] = { NULL };
	const int fds[] = { null_fd, null_fd, null_fd };
	struct cal_err err;

	assert_int_equal(cal_reaper_spawn(reaper, watch, "/bin/true", argv,
	    envp, fds, &err), CAL_OK);
}

static void
on_ended(struct cal_watch *watch, int status)
{
	(void)watch;
	assert_int_equal(status, 0);
	reaped++;
}

/* Once in each turn of the loop. */
static void
on_check(struct ev_loop *l, ev_check *w, int revents)
{
	(void)l;
	(void)w;
	(void)revents;
	assert_in_range(reaped - reaped_before_turn, 0, FEW);
	reaped_before_turn = reaped;
	turns++;
}

static void
wait_until_dead(const struct cal_watch *watch)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)watch->pid, &info,
	    WEXITED | WNOWAIT), 0);
}

/* All are dead before the loop turns, and still it turns while they leave. */
static void
test_many_dead(void **state)
{
	ev_check check;
	int i;

	(void)state;
	for (i = 0; i < CHILDREN; i++) {
		watches[i].ended = on_ended;
		start(&watches[i]);
	}
	for (i = 0; i < CHILDREN; i++)
		wait_until_dead(&watches[i]);
	ev_check_init(&check, on_check);
	ev_check_start(loop, &check);
	WAIT_FOR(reaped == CHILDREN);
	ev_check_stop(loop, &check);
	assert_in_range(turns, CHILDREN / FEW, 10 * CHILDREN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_dead, open_reaper,
		    close_reaper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
