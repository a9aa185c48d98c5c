/* A command line as one text, for tests of options: words between blanks. */
#ifndef CAL_TESTS_WORDS_H
#define CAL_TESTS_WORDS_H

#include "base/err.h"
#include "unit.h"

enum { WORDS_MAX = 32 };

struct words {
	int argc;
	char *argv[WORDS_MAX + 1];
	char text[1024];
};

/* '' is an empty word; nothing else is special. */
static inline void
words_split(struct words *words, const char *program, const char *line)
{
	char *rest = words->text, *word;

	memset(words, 0, sizeof(*words));
	(void)snprintf(words->text, sizeof(words->text), "%s %s", program,
	    line);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word == '\0')
			continue;
		if (strcmp(word, "''") == 0)
			*word = '\0';
		assert_true(words->argc < WORDS_MAX);
		words->argv[words->argc++] = word;
	}
}

/* The test's own: reads the line into its options. */
static int parse(const char *line, struct cal_err *err);

static inline void
good(const char *line)
{
	struct cal_err err;

	if (parse(line, &err) != CAL_OK)
		fail_msg("'%s' was refused: %s", line, err.text);
}

static inline void
bad(const char *line)
{
	struct cal_err err;

	if (parse(line, &err) != CAL_EUSAGE)
		fail_msg("'%s' was accepted", line);
	assert_true(err.text[0] != '\0');
}

/* With these words. */
static inline void
refused(const char *line, const char *words)
{
	struct cal_err err;

	if (parse(line, &err) != CAL_EUSAGE)
		fail_msg("'%s' was accepted", line);
	assert_string_equal(err.text, words);
}

#endif
