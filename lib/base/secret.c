/* Memory for secrets, from libsodium, and a process that keeps them. */
#include "base/secret.h"

#include <sodium.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/mem.h"

static struct rlimit core_before;
static bool guarded;

void *
cal_secret_new(size_t size)
{
	void *secret;

	/* Repeated calls are cheap; it fails where there is no randomness. */
	if (sodium_init() == -1 || (secret = sodium_malloc(size)) == NULL)
		cal_mem_exhausted();
	return secret;
}

void
cal_secret_free(void *secret)
{
	sodium_free(secret);
}

void
cal_secret_wipe(void *ptr, size_t size)
{
	sodium_memzero(ptr, size);
}

void
cal_secret_guard(void)
{
	struct rlimit none;

	if (!guarded && getrlimit(RLIMIT_CORE, &core_before) == 0) {
		guarded = true;
		none = core_before;
		none.rlim_cur = 0;
		(void)setrlimit(RLIMIT_CORE, &none);
	}
#ifdef PR_SET_DUMPABLE
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

bool
cal_secret_core(struct rlimit *limit)
{
	if (guarded)
		*limit = core_before;
	return guarded;
}
