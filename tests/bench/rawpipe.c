/*
 * A bare caller of many: the same FUNCTION count times, at most window of
 * them in flight, one sent for each answer.  Window 1 is sequential.  With -p
 * it prints what a call took: median, mean and 99th percentile, in
 * microseconds, and the calls in a second.  With -m it is not the same: METHOD
 * is followed by a number of five digits, and so many of them take turns.
 * -x: bodies are no JSON; -e: answers are ERROR.
 */
#include <time.h>
#include <unistd.h>

#include "rig.h"

enum { DIGITS = 5 };

struct run {
	void *sock;
	uint8_t header[512], *seq;
	uint8_t *digits;                /* in the header, behind METHOD */
	uint8_t *payload;
	size_t header_len, payload_len;
	long count, window, methods;    /* methods: 0: METHOD alone */
	uint8_t answer;                 /* the type that is expected */
	double *sent_at, *took;         /* by number */
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void
name_method(struct run *run, long number)
{
	int i;

	for (i = DIGITS - 1; i >= 0; i--, number /= 10)
		run->digits[i] = (uint8_t)('0' + number % 10);
}

static void
call(struct run *run, long number)
{
	rig_put_u32(run->seq, (uint32_t)number);
	if (run->methods > 0)
		name_method(run, number % run->methods);
	run->sent_at[number] = now();
	rig_send(run->sock, "UPPER", 5, ZMQ_SNDMORE);
	rig_send(run->sock, run->header, run->header_len, ZMQ_SNDMORE);
	rig_send(run->sock, run->payload, run->payload_len, 0);
}

/*
 * The number of the call that an answer is for: the four bytes behind "seq"
 * stand in the raw header where the request had them.
 */
static long
answered(const struct run *run, zmq_msg_t frames[3])
{
	const uint8_t *header = zmq_msg_data(&frames[1]);
	size_t at = (size_t)(run->seq - run->header);
	long number;

	if (zmq_msg_size(&frames[1]) < at + 4 ||
	    header[RIG_TYPE_AT] != run->answer) {
		fprintf(stderr, "not the answer that was expected\n");
		exit(1);
	}
	number = (long)header[at] << 24 | (long)header[at + 1] << 16 |
	    (long)header[at + 2] << 8 | header[at + 3];
	if (number >= run->count) {
		fprintf(stderr, "an answer to no call\n");
		exit(1);
	}
	return number;
}

static void
pump(struct run *run)
{
	zmq_msg_t frames[3];
	long sent = 0, done = 0;
	int i;

	for (i = 0; i < 3; i++)
		zmq_msg_init(&frames[i]);
	rig_ping(run->sock);
	rig_receive(run->sock, NULL, frames);
	if (!rig_is(&frames[0], "PONG"))
		die("no PONG");
	while (sent < run->window && sent < run->count)
		call(run, sent++);
	while (done < run->count) {
		long number;

		rig_receive(run->sock, NULL, frames);
		number = answered(run, frames);
		run->took[number] = now() - run->sent_at[number];
		done++;
		if (sent < run->count)
			call(run, sent++);
	}
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
print(const struct run *run, double whole)
{
	double sum = 0;
	long i;

	for (i = 0; i < run->count; i++)
		sum += run->took[i];
	qsort(run->took, (size_t)run->count, sizeof(*run->took), compare);
	printf("p50 %.1f mean %.1f p99 %.1f rate %.0f\n",
	    run->took[run->count / 2], sum / (double)run->count,
	    run->took[run->count * 99 / 100], (double)run->count / whole * 1e6);
}

/* The method ends where the seq is not far. */
static void
write_header(struct run *run, const char *method)
{
	char name[256 + DIGITS];

	snprintf(name, sizeof(name), "%s%s", method,
	    run->methods > 0 ? "00000" : "");
	run->seq = rig_header(run->header, name, &run->header_len);
	run->digits = run->seq - RIG_SEQ_BEHIND - DIGITS;
}

int
main(int argc, char **argv)
{
	struct run run = { .count = 1000, .window = 1, .answer = RIG_RESULT };
	size_t size = 100;
	bool prints = false;
	uint8_t *body, quote = '"';
	double start;
	int c;

	while ((c = getopt(argc, argv, "b:em:n:pw:x")) != -1)
		switch (c) {
		case 'b': size = (size_t)rig_number(optarg, 2); break;
		case 'e': run.answer = RIG_ERROR; break;
		case 'm': run.methods = rig_number(optarg, 1); break;
		case 'n': run.count = rig_number(optarg, 1); break;
		case 'p': prints = true; break;
		case 'w': run.window = rig_number(optarg, 1); break;
		case 'x': quote = 'x'; break;
		default: return 64;
		}
	if (argc - optind != 2 || strlen(argv[optind + 1]) > 255 - DIGITS ||
	    run.methods > 100000) {
		fprintf(stderr, "usage: rawpipe [-epx] [-b bytes] [-m methods]"
		    " [-n count] [-w window] URL METHOD\n");
		return 64;
	}
	body = malloc(size);
	run.sent_at = calloc((size_t)run.count, sizeof(double));
	run.took = calloc((size_t)run.count, sizeof(double));
	if (body == NULL || run.sent_at == NULL || run.took == NULL)
		die("malloc");
	memset(body, 'x', size);        /* with quotes a JSON string */
	body[0] = body[size - 1] = quote;
	run.payload = rig_payload(body, size, &run.payload_len);
	write_header(&run, argv[optind + 1]);
	run.sock = rig_socket(ZMQ_DEALER, argv[optind]);
	start = now();
	pump(&run);
	if (prints)
		print(&run, now() - start);
	fflush(stdout);
	_exit(0);
}
