/*
 * Keys from files.  The text of each is read into memory for secrets, as
 * nobody knows before what is in it.
 */
#include <errno.h>

#include "auth/keyfile.h"
#include "auth/trust.h"
#include "base/io.h"
#include "base/secret.h"

/* Puts the file and the line in front; returns rc. */
static int
at_line(int rc, const char *path, const struct cal_keyfile *file,
    struct cal_err *err)
{
	if (rc == CAL_OK)
		return rc;
	if (file->line > 0)
		cal_err_prefix(err, "%s:%u", path, file->line);
	else
		cal_err_prefix(err, "%s", path);
	return rc;
}

static int
read_file(struct cal_keyfile *file, int fd, const char *path,
    struct cal_err *err)
{
	/* One byte beyond the limit, to see it. */
	uint8_t *text = cal_secret_new(CAL_KEYFILE_MAX + 1);
	ssize_t len = cal_io_fill(fd, text, CAL_KEYFILE_MAX + 1);
	int rc;

	if (len == -1)
		rc = cal_fail_errno(err, CAL_ECONFIG, errno, "%s", path);
	else
		rc = at_line(cal_keyfile_parse(file, cal_slice_of(text,
		    (size_t)len), err), path, file, err);
	cal_secret_free(text);
	return rc;
}

static int
open_file(struct cal_keyfile *file, const char *path, enum cal_trust trust,
    struct cal_err *err)
{
	int fd, rc;

	if ((rc = cal_trust_open(&fd, path, trust, err)) != CAL_OK)
		return rc;
	rc = read_file(file, fd, path, err);
	cal_io_close(&fd);
	return rc;
}

/* Hands the secret over; a plain key that was not known to be one is one. */
static int
take_pair(struct cal_keys *keys, struct cal_keyfile *file,
    struct cal_err *err)
{
	uint8_t *secret = file->secret;
	int rc;

	if (!file->has_secret && file->certificate) {
		file->line = 0;
		return cal_fail(err, CAL_ECONFIG, "the certificate has no "
		    "secret-key: it is the public half");
	}
	if (!file->has_secret && file->has_public)
		return cal_fail(err, CAL_ECONFIG,
		    "this is a public key, where the secret one is wanted");
	if (secret == NULL) {
		secret = cal_secret_new(CAL_KEY_BYTES);
		memcpy(secret, file->public, CAL_KEY_BYTES);
	}
	file->secret = NULL;
	if ((rc = cal_keys_take(keys, secret, err)) != CAL_OK)
		return rc;
	if (file->has_public &&
	    memcmp(file->public, keys->public, CAL_KEY_BYTES) != 0) {
		cal_keys_release(keys);
		return cal_fail(err, CAL_ECONFIG,
		    "the secret key does not belong to the public one");
	}
	return CAL_OK;
}

int
cal_keyfile_load(struct cal_keys *keys, const char *path,
    struct cal_err *err)
{
	struct cal_keyfile file;
	int rc;

	*keys = (struct cal_keys){ 0 };
	if ((rc = open_file(&file, path, CAL_TRUST_SECRET, err)) != CAL_OK)
		return rc;
	rc = at_line(take_pair(keys, &file, err), path, &file, err);
	cal_keyfile_release(&file);
	return rc;
}

static int
take_public(uint8_t public[CAL_KEY_BYTES], const struct cal_keyfile *file,
    struct cal_err *err)
{
	int rc;

	if (file->has_secret && !file->has_public)
		return cal_fail(err, CAL_ECONFIG,
		    "this is a secret key, where the public one is wanted");
	if ((rc = cal_key_check(file->public, err)) == CAL_OK)
		memcpy(public, file->public, CAL_KEY_BYTES);
	return rc;
}

int
cal_keyfile_read_public(uint8_t public[CAL_KEY_BYTES], bool *certificatep,
    int fd, const char *path, struct cal_err *err)
{
	struct cal_keyfile file;
	int rc;

	*certificatep = false;
	if ((rc = read_file(&file, fd, path, err)) != CAL_OK)
		return rc;
	rc = at_line(take_public(public, &file, err), path, &file, err);
	*certificatep = file.certificate;
	cal_keyfile_release(&file);
	return rc;
}

int
cal_keyfile_load_public(uint8_t public[CAL_KEY_BYTES], const char *path,
    struct cal_err *err)
{
	bool certificate;
	int fd, rc;

	if ((rc = cal_trust_open(&fd, path, CAL_TRUST_PUBLIC, err)) != CAL_OK)
		return rc;
	rc = cal_keyfile_read_public(public, &certificate, fd, path, err);
	cal_io_close(&fd);
	return rc;
}

static bool
ends_with(const char *path, const char *suffix)
{
	size_t len = strlen(path), tail = strlen(suffix);

	return len >= tail && strcmp(path + len - tail, suffix) == 0;
}

int
cal_keyfile_load_any(struct cal_keys *keys, const char *path,
    struct cal_err *err)
{
	struct cal_keyfile file;
	bool secret;
	int rc;

	*keys = (struct cal_keys){ 0 };
	if ((rc = open_file(&file, path, CAL_TRUST_PUBLIC, err)) != CAL_OK)
		return rc;
	secret = file.has_secret ||
	    (!file.has_public && !ends_with(path, ".pub"));
	cal_keyfile_release(&file);
	/* Read again as what it is: a secret has to meet more. */
	if (secret)
		return cal_keyfile_load(keys, path, err);
	return cal_keyfile_load_public(keys->public, path, err);
}
