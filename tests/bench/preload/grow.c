/*
 * To be preloaded: makes a process of ours as large as BENCH_GROW_MB says
 * before its main runs, so that the price of starting children from a large
 * parent shows.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void grow(void) __attribute__((constructor));

static void
grow(void)
{
	const char *text = getenv("BENCH_GROW_MB");
	size_t len = text != NULL ? strtoul(text, NULL, 10) << 20 : 0;
	void *ptr;

	if (len == 0)
		return;
	ptr = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ptr != MAP_FAILED)
		memset(ptr, 1, len);
}
