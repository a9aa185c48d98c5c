/* What the owner of a consumer says to the connections of all addresses. */
#include "stream/consumer_parts.h"

void
cal_consumer_settle(struct cal_consumer *consumer, struct cal_receipt receipt,
    enum cal_settle settle, const char *why)
{
	cal_conn_settle(consumer->sources[receipt.source].conn,
	    receipt.number, settle, why);
}

bool
cal_consumer_begin(struct cal_consumer *consumer, struct cal_receipt receipt)
{
	return cal_conn_begin(consumer->sources[receipt.source].conn,
	    receipt.number);
}

bool
cal_consumer_leave(struct cal_consumer *consumer)
{
	size_t i;

	for (i = 0; i < consumer->count; i++) {
		if (!cal_conn_leave(consumer->sources[i].conn))
			continue;
		consumer->sources[i].leaving = true;
		consumer->leaving++;
	}
	return consumer->leaving > 0;
}

void
cal_consumer_pause(struct cal_consumer *consumer, bool pause)
{
	size_t i;

	for (i = 0; i < consumer->count; i++)
		cal_conn_pause(consumer->sources[i].conn, pause);
}

/* Each of several may bring as many: whose turn it is nobody knows. */
void
cal_consumer_want(struct cal_consumer *consumer, size_t count)
{
	size_t i;

	for (i = 0; i < consumer->count; i++)
		cal_conn_want(consumer->sources[i].conn, count);
}

void
cal_consumer_counts(const struct cal_consumer *consumer,
    struct cal_consumer_counts *counts)
{
	size_t i;

	*counts = consumer->counts;
	for (i = 0; i < consumer->count; i++)
		counts->malformed += consumer->sources[i].conn->counts
		    .malformed;
}

void
cal_consumer_recheck(struct cal_consumer *consumer)
{
	size_t i;

	for (i = 0; i < consumer->count; i++)
		cal_conn_recheck(consumer->sources[i].conn);
}
