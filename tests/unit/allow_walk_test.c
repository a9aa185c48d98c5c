/*
 * Unit tests of auth/allow: random reloads, good and bad, and uses of users,
 * beside a model.
 */
#include "users.h"

enum {
	STEPS = 20000,
	KEYS = 12,
	NAMES = 5,
	METHODS = 4,
	USES = 40,
};

/* A line of a list; name 0: the key has none. */
struct line {
	unsigned int name;
	unsigned int may;               /* a bit a method; 0: anything */
};

struct use {
	struct cal_user *user;
	struct line line;
};

struct model {
	struct cal_allow *allow;
	struct line lines[KEYS];
	struct use uses[USES];
	uint64_t seed;
	size_t good, bad, found, unknown;
};

static const char *const methods[METHODS] = { "a", "ab", "b", "c.d" };

static unsigned int
draw(struct model *m, unsigned int below)
{
	return next_random(&m->seed) % below;
}

static void
put_line(struct cal_buf *text, unsigned int key, const struct line *line)
{
	char mark = '=';
	size_t i;

	cal_buf_printf(text, "%s u%u", nth_text(key), line->name);
	if (line->may != 0)
		cal_buf_put_text(text, " methods");
	for (i = 0; i < METHODS; i++) {
		if ((line->may & 1U << i) == 0)
			continue;
		cal_buf_printf(text, "%c%s", mark, methods[i]);
		mark = ',';
	}
	cal_buf_put_byte(text, '\n');
}

/* Good, or with one line in it that is bad. */
static void
step_parse(struct model *m)
{
	static const char *const faults[] = {
		"u1\n", KEY1 "\n", KEY1 " -\n", KEY1 " u1 x\n", "\t\x01\n",
		KEY1 " u1 methods=a,a\n", KEY1 " u1\n" KEY1 " u1\n",
	};
	struct line lines[KEYS] = { 0 };
	unsigned int i, fault = draw(m, 2 * KEYS), count = 0;
	struct cal_buf text = { 0 };
	struct cal_err err;
	bool good;

	for (i = 0; i < KEYS; i++) {
		if (i == fault)
			cal_buf_put_text(&text,
			    faults[draw(m, COUNT(faults))]);
		if (draw(m, 3) == 0)
			continue;
		lines[i].name = 1 + draw(m, NAMES);
		lines[i].may = draw(m, 2) * draw(m, 1 << METHODS);
		put_line(&text, i, &lines[i]);
		count++;
	}
	good = fault >= KEYS && count > 0;
	assert_int_equal(cal_allow_parse(m->allow, cal_buf_view(&text), "list",
	    &err), good ? CAL_OK : CAL_ECONFIG);
	if (good)
		memcpy(m->lines, lines, sizeof(lines));
	m->good += good;
	m->bad += !good;
	cal_buf_release(&text);
}

static void
check_use(const struct use *use)
{
	char name[16];
	size_t i;

	snprintf(name, sizeof(name), "u%u", use->line.name);
	assert_string_equal(cal_user_name(use->user), name);
	assert_int_equal(cal_user_limited(use->user), use->line.may != 0);
	for (i = 0; i < METHODS; i++)
		assert_int_equal(cal_user_may(use->user,
		    cal_slice_text(methods[i])),
		    use->line.may == 0 || (use->line.may & 1U << i) != 0);
	assert_int_equal(cal_user_may(use->user, BYTES("abc")),
	    use->line.may == 0);
}

static void
step_find(struct model *m)
{
	struct use *use = &m->uses[draw(m, USES)];
	unsigned int n = draw(m, KEYS);
	uint8_t key[CAL_KEY_BYTES];

	if (use->user != NULL)
		return;
	nth_key(key, n);
	use->user = cal_allow_find(m->allow, key);
	use->line = m->lines[n];
	assert_int_equal(use->user != NULL, use->line.name != 0);
	m->found += use->user != NULL;
	m->unknown += use->user == NULL;
}

static void
step_unuse(struct model *m)
{
	struct use *use = &m->uses[draw(m, USES)];

	if (use->user != NULL)
		check_use(use);
	cal_user_unuse(use->user);
	use->user = NULL;
}

static void
check_all(const struct model *m)
{
	size_t i, count = 0;

	for (i = 0; i < USES; i++)
		if (m->uses[i].user != NULL)
			check_use(&m->uses[i]);
	for (i = 0; i < KEYS; i++)
		count += m->lines[i].name != 0;
	assert_int_equal(cal_allow_count(m->allow), count);
}

static void
test_walk(void **state)
{
	struct model m = { .allow = cal_allow_new(), .seed = 4 };
	size_t i;

	(void)state;
	for (i = 0; i < STEPS; i++) {
		switch (draw(&m, 8)) {
		case 0:
			step_parse(&m);
			break;
		case 1: case 2: case 3: case 4:
			step_find(&m);
			break;
		case 5: case 6: case 7:
			step_unuse(&m);
			break;
		}
		if (i % 16 == 0)
			check_all(&m);
	}
	assert_true(m.good > 500 && m.bad > 500);
	assert_true(m.found > 500 && m.unknown > 500);
	/* The table goes before those who are still in use. */
	cal_allow_free(m.allow);
	for (i = 0; i < USES; i++) {
		if (m.uses[i].user != NULL)
			check_use(&m.uses[i]);
		cal_user_unuse(m.uses[i].user);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
