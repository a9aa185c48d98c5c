/*
 * Keys on the command line: rows that the option table of every program that
 * binds or connects has, and what they come to.
 */
#ifndef CAL_CLI_KEYS_H
#define CAL_CLI_KEYS_H

#include "cli/opt.h"
#include "transport/transport.h"

struct cal_keys_options {
	const char *identity, *server_key, *authorized;
	const char *domain;
	bool allow_any_client, insecure;
};

/* Rows for struct cal_keys_options *keys. */
#define CAL_KEYS_ROWS(keys)                                             \
	{ .name = "identity", .letter = 'i', .kind = CAL_OPT_TEXT,      \
	    .value = "FILE", .dest = &(keys)->identity,                 \
	    .env = "CAL_IDENTITY", .help = "our secret key: encrypt "   \
	    "with CURVE" },                                             \
	{ .name = "server-key", .letter = 'S', .kind = CAL_OPT_TEXT,    \
	    .value = "KEY", .dest = &(keys)->server_key,                \
	    .env = "CAL_SERVER_KEY", .help = "public key of the side "  \
	    "that listens: 40 characters, FILE or @FILE" },             \
	{ .name = "authorized", .letter = 'A', .kind = CAL_OPT_TEXT,    \
	    .value = "PATH", .dest = &(keys)->authorized,               \
	    .env = "CAL_AUTHORIZED", .help = "list or folder of the "   \
	    "keys that are let in; SIGHUP reads it again" },            \
	{ .name = "allow-any-client", .kind = CAL_OPT_FLAG,             \
	    .dest = &(keys)->allow_any_client,                          \
	    .help = "let every key in" },                               \
	{ .name = "domain", .kind = CAL_OPT_TEXT, .value = "NAME",      \
	    .dest = &(keys)->domain, .help = "domain of the keys that " \
	    "are let in, for ZAP (cal)" },                              \
	{ .name = "insecure", .kind = CAL_OPT_FLAG,                     \
	    .dest = &(keys)->insecure, .help = "allow an address that " \
	    "others can reach without encryption" }

/* Everything that the options come to; zeroed: nothing is encrypted. */
struct cal_keyring {
	const struct cal_keys_options *options;
	struct cal_keys own;
	uint8_t server[CAL_KEY_BYTES];
	struct cal_allow *allow;        /* NULL: every key is let in */
	struct cal_conn_keys keys;
};

/*
 * Reads what the options name, before anything is opened.  What stands in the
 * environment for the other role alone (a server's key where we listen) is
 * passed over; as an option it is CAL_EUSAGE, as is half of what a role needs,
 * wherever it stands: who means to use keys is not left without.
 * Without -i, to connect with a server's key takes a pair that is made up now.
 * CAL_ECONFIG: a file is not safe or not readable, or a server would let
 * every key in without having been told so.
 */
int cal_keyring_open(struct cal_keyring *ring,
    const struct cal_keys_options *options, bool bind, struct cal_err *err);

/*
 * The first option that was given, as it is typed; NULL: none was, whatever
 * stands in the environment.
 */
const char *cal_keys_given(const struct cal_keys_options *options);

/* What a connection takes; NULL: nothing is encrypted. */
const struct cal_conn_keys *cal_keyring_keys(const struct cal_keyring *ring);

/*
 * Reads the list of those who are let in again.  True: there is one, and it
 * was read; one that cannot be read stays as it was, which is logged.
 */
bool cal_keyring_reload(struct cal_keyring *ring);

/* Wipes the keys.  No connection uses them any more. */
void cal_keyring_close(struct cal_keyring *ring);

#endif
