/* The actions of cal-keygen, a function each. */
#include "keygen/keygen.h"

#include <stdlib.h>
#include <unistd.h>

#include "auth/keyfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "keygen/report.h"

/* A line of text on standard output. */
static int
print(const char *line, struct cal_err *err)
{
	struct cal_buf out = { 0 };
	int rc;

	cal_buf_printf(&out, "%s\n", line);
	rc = cal_report_write("-", cal_buf_view(&out), err);
	cal_buf_release(&out);
	return rc;
}

static int
report(const char *path, const struct cal_report *report,
    struct cal_err *err)
{
	struct cal_buf out = { 0 };
	int rc;

	cal_report_put(&out, report);
	rc = cal_report_write(path, cal_buf_view(&out), err);
	cal_buf_release(&out);
	return rc;
}

static int
save(const struct cal_keygen_options *o, const struct cal_keys *keys,
    struct cal_err *err)
{
	int rc = cal_keyfile_save(keys, o->path,
	    (enum cal_keyfile_kind)o->format, o->force, err);

	if (rc == CAL_ECREATE && !o->force)
		return cal_fail(err, rc, "%s; --force replaces it",
		    err->text);
	return rc;
}

static int
make(const struct cal_keygen_options *o, struct cal_err *err)
{
	char fingerprint[CAL_KEY_FINGERPRINT + 1];
	char *secret_path, *public_path;
	struct cal_keys keys;
	int rc;

	if (o->output != NULL &&
	    (rc = cal_report_check(o->output, err)) != CAL_OK)
		return rc;
	cal_keyfile_names(&secret_path, &public_path, o->path,
	    (enum cal_keyfile_kind)o->format);
	cal_keys_make(&keys);
	if ((rc = save(o, &keys, err)) != CAL_OK)
		goto out;
	cal_key_fingerprint(fingerprint, keys.public);
	cal_log(CAL_LOG_INFO, "wrote '%s' and '%s', %s", secret_path,
	    public_path, fingerprint);
	if (o->output != NULL)
		rc = report(o->output, &(struct cal_report){
			.name = o->path,
			.public = keys.public,
			.secret_path = secret_path,
			.public_path = public_path,
		    }, err);
out:
	cal_keys_release(&keys);
	free(public_path);
	free(secret_path);
	return rc;
}

/* What stands in front of a suffix, as a new string; NULL: it is not there. */
static char *
name_before(const char *path, const char *suffix)
{
	size_t len = strlen(path), tail = strlen(suffix);

	if (len <= tail || strcmp(path + len - tail, suffix) != 0)
		return NULL;
	return cal_strndup(path, len - tail);
}

/* The NAME that the file was made with, if it was made by us. */
static char *
name_of(const char *path)
{
	static const char *const suffixes[] = {
		".key_secret", ".key", ".pub",
	};
	char *name = NULL;
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if ((name = name_before(path, suffixes[i])) != NULL)
			return name;
	return cal_strdup(path);
}

static int
print_public(const struct cal_keygen_options *o, struct cal_err *err)
{
	char text[CAL_KEY_TEXT + 1];
	struct cal_report line = { 0 };
	struct cal_keys keys;
	char *name;
	int rc;

	if ((rc = cal_keyfile_load_any(&keys, o->path, err)) != CAL_OK)
		return rc;
	name = name_of(o->path);
	line.name = name;
	line.public = keys.public;
	if (keys.secret != NULL)
		line.secret_path = o->path;
	else
		line.public_path = o->path;
	cal_key_text(text, keys.public);
	rc = o->output != NULL ? report(o->output, &line, err) :
	    print(text, err);
	free(name);
	cal_keys_release(&keys);
	return rc;
}

static int
print_fingerprint(const struct cal_keygen_options *o, struct cal_err *err)
{
	char text[CAL_KEY_FINGERPRINT + 1];
	struct cal_keys keys;
	int rc;

	if ((rc = cal_keyfile_load_any(&keys, o->path, err)) != CAL_OK)
		return rc;
	cal_key_fingerprint(text, keys.public);
	cal_keys_release(&keys);
	return print(text, err);
}

/* The public key beside NAME.key, if there is one, is of the same pair. */
static int
check_beside(const struct cal_keys *keys, const char *path,
    struct cal_err *err)
{
	char *name = name_before(path, ".key"), *beside = NULL;
	uint8_t public[CAL_KEY_BYTES];
	int rc = CAL_OK;

	if (name == NULL)
		return CAL_OK;
	beside = cal_asprintf("%s.pub", name);
	if (access(beside, F_OK) == 0 && (rc = cal_keyfile_load_public(public,
	    beside, err)) == CAL_OK &&
	    memcmp(public, keys->public, CAL_KEY_BYTES) != 0)
		rc = cal_fail(err, CAL_ECONFIG,
		    "%s: it does not belong to %s", beside, path);
	free(beside);
	free(name);
	return rc;
}

static int
check(const struct cal_keygen_options *o, struct cal_err *err)
{
	struct cal_keys keys;
	int rc;

	if ((rc = cal_keyfile_load_any(&keys, o->path, err)) != CAL_OK)
		return rc;
	if (keys.secret != NULL)
		rc = check_beside(&keys, o->path, err);
	if (rc == CAL_OK)
		cal_log(CAL_LOG_INFO, "%s: a good %s key", o->path,
		    keys.secret != NULL ? "secret" : "public");
	cal_keys_release(&keys);
	return rc;
}

static int (*const actions[])(const struct cal_keygen_options *,
    struct cal_err *) = {
	[CAL_KEYGEN_MAKE] = make,
	[CAL_KEYGEN_PUBLIC] = print_public,
	[CAL_KEYGEN_FINGERPRINT] = print_fingerprint,
	[CAL_KEYGEN_CHECK] = check,
};

int
cal_keygen_run(const struct cal_keygen_options *options, struct cal_err *err)
{
	return actions[options->action](options, err);
}
