/*
 * libzmq's context.  One for the process: two of them can crash when one ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/random.h"
#include "transport/zmq.h"

enum { DESCRIPTORS = 10 };      /* that libzmq needs to begin */

static void *context;
static unsigned users;

/* libzmq aborts the process when it gets no descriptor for a thread of its. */
static bool
has_descriptors(void)
{
	struct rlimit limit;
	int lowest = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	if (lowest == -1)
		return errno != EMFILE;
	(void)close(lowest);
	return getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur >= (rlim_t)lowest + DESCRIPTORS;
}

/*
 * The routing ids that libzmq makes up count from a number of rand, which it
 * does not seed: they would be the same in every process.  A peer that chose
 * one of the next is enough to make libzmq abort when it comes to that.
 */
int
cal_zmq_context_open(void **contextp, struct cal_err *err)
{
	if (users == 0 && !has_descriptors())
		return cal_fail_errno(err, CAL_EOS, EMFILE,
		    "cannot start ZeroMQ");
	if (users == 0 && (context = zmq_ctx_new()) == NULL)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot start ZeroMQ");
	if (users == 0)
		srand(cal_random_u32());
	users++;
	*contextp = context;
	return CAL_OK;
}

bool
cal_zmq_context_last(void)
{
	return users == 1;
}

void
cal_zmq_context_close(void)
{
	int rc;

	if (--users > 0)
		return;
	do
		rc = zmq_ctx_term(context);
	while (rc == -1 && errno == EINTR);
	context = NULL;
}
