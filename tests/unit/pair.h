/* A client of a server, and workers, that are in the hands of the test. */
#ifndef CAL_TESTS_PAIR_H
#define CAL_TESTS_PAIR_H

#include "peer_end.h"

struct pair {
	struct end client;
	struct raw_side server;
};

/* Fields of pair->client.conf that were set before stay. */
static inline void
pair_open(struct pair *pair)
{
	raw_open(&pair->server, "c", true);
	end_open(&pair->client, "c", false);
	settle();
	raw_clear(&pair->server);
}

static inline void
pair_close(struct pair *pair)
{
	end_close(&pair->client);
	raw_close(&pair->server);
}

/* Connects to whoever bound "c", and shows that it speaks RPC. */
static inline void
worker_open(struct raw_side *worker)
{
	raw_open(worker, "c", false);
	settle();
	raw_send(worker, CAL_WORD_PING, BYTES(""), BYTES(""));
	settle();
}

/* Answers with a request that came, as the test changed it. */
static inline void
answer(struct raw_side *server, struct cal_rpcmsg *msg, const char *body)
{
	msg->type = CAL_RPC_RESULT;
	msg->body = cal_slice_text(body);
	msg->has_max = msg->has_dl = false;
	raw_send_msg(server, msg);
	settle();
}

#endif
