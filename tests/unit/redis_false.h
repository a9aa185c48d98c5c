/* A session with a listener that says what the test says. */
#ifndef CAL_TESTS_REDIS_FALSE_H
#define CAL_TESTS_REDIS_FALSE_H

#include "listener.h"
#include "redis_end.h"

static unsigned port;

static inline int
false_enter(void **state)
{
	memset(&end, 0, sizeof(end));
	if (open_loop(state) != 0)
		return -1;
	port = listener_open();
	end.url.scheme = CAL_REDIS;
	strcpy(end.url.host, "127.0.0.1");
	end.url.port = (uint16_t)port;
	return 0;
}

static inline int
leave(void **state)
{
	end_close();
	listener_close();
	return close_loop(state);
}

static inline void
say(const char *text)
{
	listener_say(text, strlen(text));
}

#endif
