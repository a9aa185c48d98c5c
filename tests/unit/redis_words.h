/* What every program with options refuses where its URL is one of Redis. */
#ifndef CAL_TESTS_REDIS_WORDS_H
#define CAL_TESTS_REDIS_WORDS_H

#include "cli/keys.h"
#include "words.h"

#define REDIS_HAS_NO_KEYS " has no meaning with redis://: CURVE is " \
	"ZeroMQ's, and who is let in is for Redis to say"

/* good_line is taken as it is, and keys is where keys would be then. */
static inline void
redis_refuses(const char *good_line, const struct cal_keys_options *keys)
{
	static const struct {
		const char *option, *words;
	} bad_ones[] = {
		{ "--bind", "--bind has no meaning with redis://: both sides "
		    "connect to Redis" },
		{ "--connect", "--connect has no meaning with redis://: both "
		    "sides connect to Redis" },
		{ "-i k", "-i" REDIS_HAS_NO_KEYS },
		{ "-S k", "-S" REDIS_HAS_NO_KEYS },
		{ "-A k", "-A" REDIS_HAS_NO_KEYS },
		{ "--allow-any-client",
		    "--allow-any-client" REDIS_HAS_NO_KEYS },
		{ "--domain d", "--domain" REDIS_HAS_NO_KEYS },
		{ "--insecure", "--insecure" REDIS_HAS_NO_KEYS },
	};
	static const char *const variables[] = {
		"CAL_IDENTITY", "CAL_SERVER_KEY", "CAL_AUTHORIZED",
	};
	char line[200];
	size_t i;

	for (i = 0; i < COUNT(bad_ones); i++) {
		(void)snprintf(line, sizeof(line), "%s %s", good_line,
		    bad_ones[i].option);
		refused(line, bad_ones[i].words);
	}
	for (i = 0; i < COUNT(variables); i++)
		assert_int_equal(setenv(variables[i], "k", 1), 0);
	good(good_line);
	assert_null(keys->identity);
	assert_null(keys->server_key);
	assert_null(keys->authorized);
	for (i = 0; i < COUNT(variables); i++)
		assert_int_equal(unsetenv(variables[i]), 0);
}

#endif
