/*
 * What a process costs as a whole: starts a command -n times, one after the
 * other, and prints the median and the mean of what one took from start to
 * end, and the mean of its processor time, in microseconds.  -c holds all of
 * it on one core.  stdin is -i FILE or /dev/null, stdout is /dev/null.
 *
 * It is a program of its own since a large parent, or one that forks, would be
 * a part of what it measures.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double
micros(struct timeval tv)
{
	return (double)tv.tv_sec * 1e6 + (double)tv.tv_usec;
}

static double
run_once(char **argv, const char *input, double *cpup)
{
	posix_spawn_file_actions_t acts;
	struct timespec from, to;
	struct rusage usage;
	pid_t pid;
	int status;

	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 0, input, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&acts, 1, "/dev/null", O_WRONLY, 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	if ((errno = posix_spawn(&pid, argv[0], &acts, NULL, argv,
	    environ)) != 0)
		err(1, "%s", argv[0]);
	if (wait4(pid, &status, 0, &usage) != pid)
		err(1, "wait4");
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (status != 0)
		errx(1, "%s: status %#x", argv[0], (unsigned)status);
	posix_spawn_file_actions_destroy(&acts);
	*cpup += micros(usage.ru_utime) + micros(usage.ru_stime);
	return (double)(to.tv_sec - from.tv_sec) * 1e6 +
	    (double)(to.tv_nsec - from.tv_nsec) / 1e3;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static long
number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < 0)
		errx(64, "bad number '%s'", text);
	return value;
}

static void
hold(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) == -1)
		err(1, "cannot be held on core %ld", cpu);
}

int
main(int argc, char **argv)
{
	const char *input = "/dev/null";
	double *took, sum = 0, cpu = 0;
	long count = 1, i;
	int c;

	while ((c = getopt(argc, argv, "+c:i:n:")) != -1)
		switch (c) {
		case 'c': hold(number(optarg)); break;
		case 'i': input = optarg; break;
		case 'n': count = number(optarg); break;
		default: return 64;
		}
	if (optind == argc || count < 1)
		errx(64, "usage: rawtime [-c core] [-i file] [-n count]"
		    " -- program [arg ...]");
	if ((took = calloc((size_t)count, sizeof(*took))) == NULL)
		err(1, "calloc");
	for (i = 0; i < count; i++)
		sum += took[i] = run_once(argv + optind, input, &cpu);
	qsort(took, (size_t)count, sizeof(*took), compare);
	printf("%.2f %.2f %.2f\n", took[count / 2], sum / (double)count,
	    cpu / (double)count);
	return 0;
}
