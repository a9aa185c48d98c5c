/*
 * Files with keys, of two kinds:
 *
 *   plain         one line of 40 characters of Z85, a secret key or a public
 *                 one as the file's use has it; lines of "#" and empty lines
 *                 around it are comments
 *   certificate   of CZMQ and pyzmq (ZPL, rfc.zeromq.org/spec/4): a section
 *                 "curve" with public-key = "..." and maybe secret-key = "..."
 *
 * At most CAL_KEYFILE_MAX bytes.  A byte order mark, CR at the ends of lines
 * and a missing newline at the end are taken.
 */
#ifndef CAL_AUTH_KEYFILE_H
#define CAL_AUTH_KEYFILE_H

#include "auth/keys.h"

enum { CAL_KEYFILE_MAX = 4096 };

/* What a file holds, whatever it is used for. */
struct cal_keyfile {
	bool certificate;
	bool has_public, has_secret;    /* plain: a key that is not known to
	                                   be either has both false */
	unsigned line;                  /* of the last key, or of what is wrong;
	                                   0: of none */
	uint8_t public[CAL_KEY_BYTES];  /* plain: the key, as bytes */
	uint8_t *secret;                /* of base/secret.h; with has_secret */
};

/*
 * Reads the bytes of a file.  CAL_ECONFIG with a sentence that never shows what
 * stands there, and the line in file, which needs no release then.  A key of a
 * plain file that is not known to be either is only looked at as text.  Pure:
 * no file is touched.
 */
int cal_keyfile_parse(struct cal_keyfile *file, struct cal_slice text,
    struct cal_err *err);
void cal_keyfile_release(struct cal_keyfile *file);

/*
 * A secret key and its public part.  CAL_ECONFIG with "PATH: " or
 * "PATH:LINE: " in front: the file is not safe (auth/trust.h), not readable,
 * not a key, a certificate without a secret, a pair that does not match, or
 * the public half (the plain file was made by cal-keygen as such).
 */
int cal_keyfile_load(struct cal_keys *keys, const char *path,
    struct cal_err *err);

/* A public key from a plain file or the public half of a certificate. */
int cal_keyfile_load_public(uint8_t public[CAL_KEY_BYTES], const char *path,
    struct cal_err *err);

/*
 * The same for an open file, and is it a certificate?  path is for words only.
 * Does not close fd.
 */
int cal_keyfile_read_public(uint8_t public[CAL_KEY_BYTES], bool *certificatep,
    int fd, const char *path, struct cal_err *err);

/*
 * Whatever key a file holds; keys->secret is NULL when it is only the public
 * one.  A plain key without a word on what it is is public where the file's
 * name ends with ".pub", and secret elsewhere.
 */
int cal_keyfile_load_any(struct cal_keys *keys, const char *path,
    struct cal_err *err);

/* Writing: cal-keygen. */

enum cal_keyfile_kind { CAL_KEYFILE_PLAIN, CAL_KEYFILE_CERTIFICATE };

/*
 * Where a pair is kept: NAME.key and NAME.pub, or as certificates of pyzmq,
 * NAME.key_secret and NAME.key.  The caller frees both.
 */
void cal_keyfile_names(char **secretp, char **publicp, const char *name,
    enum cal_keyfile_kind kind);

/*
 * Writes both files, the secret first, each under a temporary name beside it
 * (O_EXCL; the secret 0600 from birth, the public one 0644 less the umask),
 * to the disk, and then in its place; the folder is synced as well.  Without
 * replace, CAL_ECREATE when one of them is there, also when it comes between;
 * then neither is changed.  CAL_EIO.
 *
 * Processes that write one name at the same time leave the pair of one of
 * them.  One that is killed leaves no file that is half written and no halves
 * of two pairs, but maybe a temporary file (its name begins with "."), or a
 * secret without its public half.
 */
int cal_keyfile_save(const struct cal_keys *keys, const char *name,
    enum cal_keyfile_kind kind, bool replace, struct cal_err *err);

#endif
