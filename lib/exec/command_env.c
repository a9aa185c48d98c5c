/*
 * The base environment of commands: by name, what is known to be needed and
 * what the operator lets through.  Ours is not theirs: it may hold secrets.
 */
#include "base/mem.h"
#include "exec/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_name(const char *name, size_t len)
{
	size_t i;

	if (len == 0 || (name[0] >= '0' && name[0] <= '9'))
		return false;
	for (i = 0; i < len; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789_", name[i]) == NULL)
			return false;
	return true;
}

static int
check_list(const char *list, struct cal_err *err)
{
	const char *item;
	size_t len;

	if (list == NULL || strcmp(list, "*") == 0)
		return CAL_OK;
	for (item = list;; item += len + 1) {
		len = strcspn(item, ",");
		if (!is_name(item, len))
			return cal_fail(err, CAL_EUSAGE, "bad list of "
			    "variables '%s': not NAME,NAME... or *", list);
		if (item[len] == '\0')
			return CAL_OK;
	}
}

static bool
in_list(const char *list, const char *name, size_t len)
{
	const char *item;
	size_t n;

	for (item = list;; item += n + 1) {
		n = strcspn(item, ",");
		if (n == len && memcmp(item, name, len) == 0)
			return true;
		if (item[n] == '\0')
			return false;
	}
}

/* entry is NAME=VALUE. */
static bool
passes(const char *entry, const char *list)
{
	static const char always[] = "PATH,HOME,LANG,TZ,TMPDIR";
	static const char never[] =
	    "REDISCLI_AUTH,NOTIFY_SOCKET,CREDENTIALS_DIRECTORY";
	size_t len = strcspn(entry, "=");

	if (entry[len] == '\0' || strncmp(entry, "CAL_", 4) == 0 ||
	    in_list(never, entry, len))
		return false;
	if (in_list(always, entry, len) || strncmp(entry, "LC_", 3) == 0)
		return true;
	return list != NULL &&
	    (strcmp(list, "*") == 0 || in_list(list, entry, len));
}

int
cal_command_env(char ***envp, const char *list, struct cal_err *err)
{
	size_t i, n = 0;
	char **env;
	int rc;

	*envp = NULL;
	if ((rc = check_list(list, err)) != CAL_OK)
		return rc;
	for (i = 0; environ != NULL && environ[i] != NULL; i++)
		;
	env = cal_calloc(i + 1, sizeof(*env));
	while (i-- > 0)
		if (passes(environ[i], list))
			env[n++] = cal_strdup(environ[i]);
	*envp = env;
	return CAL_OK;
}

void
cal_command_env_free(char **env)
{
	size_t i;

	if (env == NULL)
		return;
	for (i = 0; env[i] != NULL; i++)
		free(env[i]);
	free(env);
}
