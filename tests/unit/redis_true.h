/* A session with a Redis of the test's own. */
#ifndef CAL_TESTS_REDIS_TRUE_H
#define CAL_TESTS_REDIS_TRUE_H

#include "redis_end.h"
#include "redis_server.h"

static inline int
enter(void **state)
{
	memset(&end, 0, sizeof(end));
	if (open_loop(state) != 0 || folder_enter(state) != 0)
		return -1;
	redis_url(&end.url, "s");
	return 0;
}

static inline int
leave(void **state)
{
	end_close();
	redis_stop();
	return close_loop(state) | folder_leave(state);
}

#endif
