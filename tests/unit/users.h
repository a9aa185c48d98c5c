/*
 * What the tests of lists and folders of users share: keys, files, and tables
 * that are filled.
 */
#ifndef CAL_TESTS_USERS_H
#define CAL_TESTS_USERS_H

#include "auth/allow.h"
#include "folder.h"

/* The examples of libzmq's zmq_curve(7). */
#define KEY1 "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY2 "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define KEY3 "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"

static inline void
put_file(const char *name, const char *text)
{
	folder_write(name, cal_slice_text(text), 0644);
}

static inline void
remove_file(const char *name)
{
	assert_int_equal(remove(name), 0);
}

/* The bytes of the nth key of a test, and its text. */
static inline void
nth_key(uint8_t key[CAL_KEY_BYTES], unsigned int n)
{
	uint64_t seed = n + 1;
	size_t i;

	for (i = 0; i < CAL_KEY_BYTES; i++)
		key[i] = (uint8_t)next_random(&seed);
	key[0] = (uint8_t)n;
	key[1] = (uint8_t)(n >> 8);
	key[2] = (uint8_t)(n >> 16);
}

static inline const char *
nth_text(unsigned int n)
{
	static char text[CAL_KEY_TEXT + 1];
	uint8_t key[CAL_KEY_BYTES];

	nth_key(key, n);
	cal_key_text(text, key);
	return text;
}

/* A use of the user of a key as text; NULL: not let in. */
static inline struct cal_user *
find(const struct cal_allow *allow, const char *text)
{
	uint8_t key[CAL_KEY_BYTES];
	struct cal_err err;

	assert_int_equal(cal_key_read(key, cal_slice_text(text), &err),
	    CAL_OK);
	return cal_allow_find(allow, key);
}

/* Is it the key of the user of that name?  NULL: of nobody. */
static inline void
assert_user(const struct cal_allow *allow, const char *text, const char *name)
{
	struct cal_user *user = find(allow, text);

	if (name == NULL) {
		assert_null(user);
		return;
	}
	assert_non_null(user);
	assert_string_equal(cal_user_name(user), name);
	cal_user_unuse(user);
}

/* A table that holds KEY3 as "old", so that a failure can be told. */
static inline struct cal_allow *
new_allow(void)
{
	struct cal_allow *allow = cal_allow_new();
	struct cal_err err;

	assert_int_equal(cal_allow_parse(allow, BYTES(KEY3 " old\n"), "old",
	    &err), CAL_OK);
	return allow;
}

static inline struct cal_allow *
parse_good(struct cal_slice text)
{
	struct cal_allow *allow = new_allow();
	struct cal_slice copy = exact(text);
	struct cal_err err;

	assert_int_equal(cal_allow_parse(allow, copy, "users", &err), CAL_OK);
	exact_free(copy);
	return allow;
}

/* All or nothing: what was there before is what is there. */
static inline void
check_bad(struct cal_slice text, const char *sentence)
{
	struct cal_allow *allow = new_allow();
	struct cal_slice copy = exact(text);
	struct cal_err err;

	assert_int_equal(cal_allow_parse(allow, copy, "users", &err),
	    CAL_ECONFIG);
	assert_int_equal(err.code, CAL_ECONFIG);
	assert_string_equal(err.text, sentence);
	assert_int_equal(cal_allow_parse(allow, copy, "users", NULL),
	    CAL_ECONFIG);
	exact_free(copy);
	assert_int_equal(cal_allow_count(allow), 1);
	assert_user(allow, KEY3, "old");
	cal_allow_free(allow);
}

/*
 * Loading fails with a sentence that has this part, and the old users stay.
 */
static inline void
check_kept(const char *name, const char *part)
{
	struct cal_allow *allow = new_allow();
	struct cal_user *user = find(allow, KEY3), *same;
	struct cal_err err;

	assert_int_equal(cal_allow_load(allow, name, &err), CAL_ECONFIG);
	assert_int_equal(err.code, CAL_ECONFIG);
	if (strstr(err.text, part) == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(cal_allow_load(allow, name, NULL), CAL_ECONFIG);
	assert_int_equal(cal_allow_count(allow), 1);
	same = find(allow, KEY3);
	assert_ptr_equal(same, user);
	cal_user_unuse(same);
	cal_user_unuse(user);
	cal_allow_free(allow);
}

#endif
