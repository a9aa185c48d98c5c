/* From options to keys: what fits together, and the files. */
#include "cli/keys.h"

#include <stdlib.h>
#include <unistd.h>

#include "auth/keyfile.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/choice.h"

enum { DOMAIN_MAX = 255 };

/* Given as an option, and not only there in the environment. */
static bool
meant(const char *value, const char *variable)
{
	return value != NULL && value != getenv(variable);
}

const char *
cal_keys_given(const struct cal_keys_options *o)
{
	const struct cal_choice choices[] = {
		{ "-i", meant(o->identity, "CAL_IDENTITY") },
		{ "-S", meant(o->server_key, "CAL_SERVER_KEY") },
		{ "-A", meant(o->authorized, "CAL_AUTHORIZED") },
		{ "--allow-any-client", o->allow_any_client },
		{ "--domain", o->domain != NULL },
		{ "--insecure", o->insecure },
	};

	return CAL_CHOICE_FIRST(choices);
}

static int
check_server(const struct cal_keys_options *o, struct cal_err *err)
{
	if (meant(o->server_key, "CAL_SERVER_KEY"))
		return cal_fail(err, CAL_EUSAGE, "-S is for whoever connects; "
		    "here it is -i and -A");
	if (o->identity == NULL &&
	    (o->authorized != NULL || o->allow_any_client))
		return cal_fail(err, CAL_EUSAGE, "%s needs our own key, -i",
		    o->allow_any_client ? "--allow-any-client" :
		    meant(o->authorized, "CAL_AUTHORIZED") ? "-A" :
		    "CAL_AUTHORIZED");
	if (o->allow_any_client && meant(o->authorized, "CAL_AUTHORIZED"))
		return cal_fail(err, CAL_EUSAGE,
		    "-A and --allow-any-client exclude each other");
	if (o->domain != NULL && (*o->domain == '\0' ||
	    strlen(o->domain) > DOMAIN_MAX))
		return cal_fail(err, CAL_EUSAGE, "--domain has 1 to %d bytes",
		    DOMAIN_MAX);
	if (o->identity != NULL && o->authorized == NULL &&
	    !o->allow_any_client)
		return cal_fail(err, CAL_ECONFIG, "nobody is said to be let "
		    "in: name them with -A, or say --allow-any-client");
	return CAL_OK;
}

static int
check_client(const struct cal_keys_options *o, struct cal_err *err)
{
	const char *extra = meant(o->authorized, "CAL_AUTHORIZED") ? "-A" :
	    o->allow_any_client ? "--allow-any-client" :
	    o->domain != NULL ? "--domain" : o->insecure ? "--insecure" : NULL;

	if (extra != NULL)
		return cal_fail(err, CAL_EUSAGE, "%s is for whoever listens "
		    "(--bind)", extra);
	if (o->identity != NULL && o->server_key == NULL)
		return cal_fail(err, CAL_EUSAGE,
		    "%s needs the server's key, -S",
		    meant(o->identity, "CAL_IDENTITY") ? "-i" :
		    "CAL_IDENTITY");
	return CAL_OK;
}

/*
 * 40 characters of Z85 are a key, unless a file has them for a name.  A key
 * can begin with "@", too.
 */
static int
read_server_key(uint8_t *key, const char *text, struct cal_err *err)
{
	const char *path = *text == '@' ? text + 1 : text;
	bool is_key = cal_key_read(key, cal_slice_text(text), err) == CAL_OK;

	if (access(path, F_OK) == 0 && is_key)
		return cal_fail(err, CAL_EUSAGE, "-S '%s' is a key, and a "
		    "file of that name exists: write @%sFILE", text,
		    path == text ? "" : *path == '/' ? "/" : "./");
	if (is_key)
		return CAL_OK;
	if (strlen(text) != CAL_KEY_TEXT || path != text ||
	    access(path, F_OK) == 0)
		return cal_keyfile_load_public(key, path, err);
	cal_err_prefix(err, "bad key of the server");
	return err->code;
}

static int
open_server(struct cal_keyring *ring, const struct cal_keys_options *o,
    struct cal_err *err)
{
	int rc;

	if (o->identity == NULL)
		return CAL_OK;
	if ((rc = cal_keyfile_load(&ring->own, o->identity, err)) != CAL_OK)
		return rc;
	if (o->authorized != NULL && !o->allow_any_client) {
		ring->allow = cal_allow_new();
		rc = cal_allow_load(ring->allow, o->authorized, err);
	}
	return rc;
}

static int
open_client(struct cal_keyring *ring, const struct cal_keys_options *o,
    struct cal_err *err)
{
	int rc;

	if (o->server_key == NULL)
		return CAL_OK;
	if ((rc = read_server_key(ring->server, o->server_key,
	    err)) != CAL_OK)
		return rc;
	if (o->identity != NULL)
		return cal_keyfile_load(&ring->own, o->identity, err);
	cal_keys_make(&ring->own);
	return CAL_OK;
}

int
cal_keyring_open(struct cal_keyring *ring, const struct cal_keys_options *o,
    bool bind, struct cal_err *err)
{
	int rc;

	*ring = (struct cal_keyring){ .options = o };
	rc = bind ? check_server(o, err) : check_client(o, err);
	if (rc != CAL_OK)
		return rc;
	if (o->identity != NULL || (!bind && o->server_key != NULL))
		cal_secret_guard();
	rc = bind ? open_server(ring, o, err) : open_client(ring, o, err);
	if (rc != CAL_OK) {
		cal_keyring_close(ring);
		return rc;
	}
	ring->keys = (struct cal_conn_keys){
		.own = &ring->own,
		.server = ring->server,
		.allow = ring->allow,
		.domain = o->domain != NULL ? o->domain : "cal",
	};
	return CAL_OK;
}

const struct cal_conn_keys *
cal_keyring_keys(const struct cal_keyring *ring)
{
	return ring->own.secret == NULL ? NULL : &ring->keys;
}

bool
cal_keyring_reload(struct cal_keyring *ring)
{
	struct cal_err err;

	if (ring->allow == NULL)
		return false;
	if (cal_allow_load(ring->allow, ring->options->authorized,
	    &err) != CAL_OK) {
		cal_log(CAL_LOG_FAILURE, "kept the old list of who is let in: "
		    "%s", err.text);
		return false;
	}
	cal_log(CAL_LOG_INFO, "%zu keys are let in",
	    cal_allow_count(ring->allow));
	return true;
}

void
cal_keyring_close(struct cal_keyring *ring)
{
	cal_keys_release(&ring->own);
	cal_allow_free(ring->allow);
	ring->allow = NULL;
}
