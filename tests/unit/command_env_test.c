/* Unit tests of exec/command: the environment that all commands share. */
#include "exec/command.h"
#include "unit.h"

static bool
has(char *const *env, const char *entry)
{
	for (; *env != NULL; env++)
		if (strcmp(*env, entry) == 0)
			return true;
	return false;
}

static void
test_base_environment(void **state)
{
	static const char *const bad[] = { "", ",", "A,", ",A", "A,,B", "A B",
	    "1A", "A=1", "*,A", "A%" };
	struct cal_err err;
	char **env;
	size_t i;

	(void)state;
	(void)setenv("LC_TIME", "C", 1);
	(void)setenv("TZ", "UTC", 1);
	(void)setenv("MINE", "1", 1);
	(void)setenv("YOURS", "2", 1);
	(void)setenv("REDISCLI_AUTH", "x", 1);
	(void)setenv("NOTIFY_SOCKET", "x", 1);
	(void)setenv("CREDENTIALS_DIRECTORY", "x", 1);
	(void)setenv("CAL_IDENTITY", "x", 1);
	(void)setenv("CAL_REDIS_PASSWORD", "x", 1);
	assert_int_equal(cal_command_env(&env, NULL, &err), CAL_OK);
	assert_true(has(env, "LC_TIME=C") && has(env, "TZ=UTC"));
	assert_false(has(env, "MINE=1"));
	cal_command_env_free(env);
	assert_int_equal(cal_command_env(&env, "X,MINE,CAL_IDENTITY,"
	    "CAL_REDIS_PASSWORD,REDISCLI_AUTH", &err), CAL_OK);
	assert_true(has(env, "MINE=1"));
	assert_false(has(env, "YOURS=2") || has(env, "CAL_IDENTITY=x") ||
	    has(env, "CAL_REDIS_PASSWORD=x") || has(env, "REDISCLI_AUTH=x"));
	cal_command_env_free(env);
	assert_int_equal(cal_command_env(&env, "*", &err), CAL_OK);
	assert_true(has(env, "MINE=1") && has(env, "YOURS=2"));
	assert_false(has(env, "REDISCLI_AUTH=x") ||
	    has(env, "NOTIFY_SOCKET=x") || has(env, "CAL_IDENTITY=x") ||
	    has(env, "CREDENTIALS_DIRECTORY=x") ||
	    has(env, "CAL_REDIS_PASSWORD=x"));
	cal_command_env_free(env);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(cal_command_env(&env, bad[i], &err),
		    CAL_EUSAGE);
	cal_command_env_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
