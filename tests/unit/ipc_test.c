/* Unit tests of transport/ipc: what is taken over, and what never is. */
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/url.h"
#include "transport/ipc.h"
#include "unit.h"

enum { RIVALS = 4, ROUNDS = 5000 };

static char folder[] = "/tmp/cal-ipc-XXXXXX";
static char path[CAL_URL_PATH_MAX + 1];
static char lock_path[sizeof(path) + 5];

static bool
exists(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

/* A socket at path; with listen somebody is there. */
static int
bind_path(bool listening)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	if (listening)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void
test_free_path(void **state)
{
	struct stat st;
	struct cal_err err;
	int lock, none = -1;

	(void)state;
	assert_int_equal(cal_ipc_claim(&lock, path, &err), CAL_OK);
	assert_true(lock >= 0);
	assert_int_equal(fcntl(lock, F_GETFD), FD_CLOEXEC);
	assert_int_equal(stat(lock_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_false(exists(path));
	cal_ipc_release(&lock, path);
	assert_int_equal(lock, -1);
	assert_false(exists(lock_path));
	cal_ipc_release(&lock, path);
	cal_ipc_release(&none, path);
}

static void
test_file_is_not_deleted(void **state)
{
	struct cal_buf text = { .max = 0 };
	struct cal_err err;
	int lock, fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, "precious", 8), 8);
	cal_io_close(&fd);
	assert_int_equal(cal_ipc_claim(&lock, path, &err), CAL_ECONFIG);
	assert_int_equal(lock, -1);
	cal_ipc_release(&lock, path);
	assert_int_equal(cal_io_load(&text, path, &err), CAL_OK);
	assert_slice(cal_buf_view(&text), "precious");
	assert_false(exists(lock_path));
	cal_buf_release(&text);
	assert_int_equal(unlink(path), 0);

	/* A link to a socket or nowhere is no socket. */
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(cal_ipc_claim(&lock, path, &err), CAL_ECONFIG);
	assert_true(exists(path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(cal_ipc_claim(&lock, path, &err), CAL_ECONFIG);
	assert_int_equal(rmdir(path), 0);
}

/* One that does not know of our locks: it is asked. */
static void
test_live_socket_is_not_stolen(void **state)
{
	struct cal_err err;
	int lock, fd = bind_path(true), caller;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fds[16], count;

	(void)state;
	assert_int_equal(cal_ipc_claim(&lock, path, &err), CAL_ECONFIG);
	assert_non_null(strstr(err.text, "listening"));
	assert_true(exists(path));
	assert_false(exists(lock_path));

	/* Nor one that is too busy to accept. */
	memcpy(addr.sun_path, path, strlen(path) + 1);
	for (count = 0; count < 16; count++) {
		fds[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
		if (connect(fds[count], (struct sockaddr *)&addr,
		    sizeof(addr)) == -1)
			break;
	}
	assert_true(count < 16);
	assert_int_equal(cal_ipc_claim(&lock, path, &err), CAL_ECONFIG);
	assert_true(exists(path));
	for (; count >= 0; count--)
		cal_io_close(&fds[count]);

	/* It still works. */
	caller = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(caller != -1);
	cal_io_close(&caller);
	cal_io_close(&fd);
	assert_int_equal(unlink(path), 0);
}

static void
test_dead_socket_is_taken_over(void **state)
{
	struct cal_err err;
	int lock, fd = bind_path(true);

	(void)state;
	cal_io_close(&fd);
	assert_true(exists(path));
	assert_int_equal(cal_ipc_claim(&lock, path, &err), CAL_OK);
	assert_false(exists(path));
	fd = bind_path(true);
	cal_ipc_release(&lock, path);
	assert_false(exists(path));
	cal_io_close(&fd);
}

/* Two servers that start at a time: one of them gets it. */
static void
test_lock(void **state)
{
	struct cal_err err;
	int first, second, fd = bind_path(false);

	(void)state;
	assert_int_equal(cal_ipc_claim(&first, path, &err), CAL_OK);
	assert_int_equal(cal_ipc_claim(&second, path, &err), CAL_ECONFIG);
	assert_int_equal(second, -1);
	assert_non_null(strstr(err.text, "another server"));
	/* Whoever was refused did not take the lock's file away. */
	assert_true(exists(lock_path));
	cal_ipc_release(&first, path);
	assert_int_equal(cal_ipc_claim(&second, path, &err), CAL_OK);
	cal_ipc_release(&second, path);
	cal_io_close(&fd);
}

/* The lock goes with a holder that was killed; its file may stay. */
static void
test_holder_dies(void **state)
{
	struct cal_err err;
	int lock, status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		if (cal_ipc_claim(&lock, path, &err) != CAL_OK)
			_exit(1);
		(void)bind_path(true);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(exists(lock_path));
	assert_true(exists(path));
	assert_int_equal(cal_ipc_claim(&lock, path, &err), CAL_OK);
	assert_false(exists(path));
	cal_ipc_release(&lock, path);
}

/* Claims and releases again and again; is somebody else there meanwhile? */
static bool
is_alone_each_time(const char *owner)
{
	struct cal_err err;
	int i, rc, lock, fd;

	for (i = 0; i < ROUNDS; i++) {
		rc = cal_ipc_claim(&lock, path, &err);
		if (rc == CAL_ECONFIG)
			continue;
		if (rc != CAL_OK)
			return false;
		fd = open(owner, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
		(void)sched_yield();
		if (fd == -1 || unlink(owner) == -1)
			return false;
		cal_io_close(&fd);
		cal_ipc_release(&lock, path);
	}
	return true;
}

/*
 * A lock that was waited for is worth nothing when its holder has removed the
 * file meanwhile: others lock another one.
 */
static void
test_removed_lock(void **state)
{
	char owner[sizeof(path) + 6];
	int i, status;
	bool alone = true;
	pid_t pids[RIVALS];

	(void)state;
	(void)snprintf(owner, sizeof(owner), "%s.owner", path);
	for (i = 0; i < RIVALS; i++) {
		pids[i] = fork();
		assert_true(pids[i] != -1);
		if (pids[i] == 0)
			_exit(is_alone_each_time(owner) ? 0 : 1);
	}
	for (i = 0; i < RIVALS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		alone = alone && status == 0;
	}
	(void)unlink(owner);
	assert_true(alone);
	assert_false(exists(lock_path));
}

static void
test_no_lock(void **state)
{
	struct cal_err err;
	int lock;

	(void)state;
	assert_int_equal(cal_ipc_claim(&lock, "/nowhere/socket", &err),
	    CAL_EOS);
	assert_int_equal(lock, -1);
	/* Nobody leads us to a file of theirs. */
	assert_int_equal(symlink("/tmp/elsewhere", lock_path), 0);
	assert_int_equal(cal_ipc_claim(&lock, path, &err), CAL_EOS);
	assert_int_equal(unlink(lock_path), 0);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	(void)snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(lock_path);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_path),
		cmocka_unit_test(test_file_is_not_deleted),
		cmocka_unit_test(test_live_socket_is_not_stolen),
		cmocka_unit_test(test_dead_socket_is_taken_over),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_holder_dies),
		cmocka_unit_test(test_removed_lock),
		cmocka_unit_test(test_no_lock),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
