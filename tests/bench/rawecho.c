/*
 * A bare server: answers PING, and turns each FUNCTION into a RESULT by one
 * byte of its header; the payload goes back as the frame that came.
 */
#include "rig.h"

int
main(int argc, char **argv)
{
	zmq_msg_t id, frames[3];
	void *sock;
	int i;

	if (argc != 2) {
		fprintf(stderr, "usage: rawecho URL\n");
		return 64;
	}
	sock = rig_socket(ZMQ_ROUTER, argv[1]);
	zmq_msg_init(&id);
	for (i = 0; i < 3; i++)
		zmq_msg_init(&frames[i]);
	for (;;) {
		uint8_t *type;

		rig_receive(sock, &id, frames);
		type = zmq_msg_data(&frames[1]);
		if (rig_is(&frames[0], "PING"))
			memcpy(zmq_msg_data(&frames[0]), "PONG", 4);
		else if (zmq_msg_size(&frames[1]) > RIG_TYPE_AT &&
		    type[RIG_TYPE_AT] == RIG_FUNCTION)
			type[RIG_TYPE_AT] = RIG_RESULT;
		else
			continue;

		/* A caller that has gone is no concern of ours. */
		if (zmq_msg_send(&id, sock, ZMQ_SNDMORE) == -1)
			continue;
		for (i = 0; i < 3; i++)
			if (zmq_msg_send(&frames[i], sock,
			    i < 2 ? ZMQ_SNDMORE : 0) == -1)
				die("zmq_msg_send");
	}
}
