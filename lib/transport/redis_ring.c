/* A ring of commands; its memory grows with what waits at most. */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_socket.h"

static void
grow(struct cal_redis_ring *ring)
{
	struct cal_redis_command *commands;
	size_t i, room = ring->room * 2 + 16;

	commands = cal_malloc(room * sizeof(*commands));
	for (i = 0; i < ring->count; i++)
		commands[i] = ring->commands[(ring->first + i) % ring->room];
	free(ring->commands);
	ring->commands = commands;
	ring->first = 0;
	ring->room = room;
}

void
cal_redis_ring_put(struct cal_redis_ring *ring,
    const struct cal_redis_command *command)
{
	if (ring->count == ring->room)
		grow(ring);
	ring->commands[(ring->first + ring->count++) % ring->room] = *command;
}

const struct cal_redis_command *
cal_redis_ring_first(const struct cal_redis_ring *ring)
{
	return &ring->commands[ring->first];
}

struct cal_redis_command
cal_redis_ring_take(struct cal_redis_ring *ring)
{
	struct cal_redis_command command = ring->commands[ring->first];

	ring->first = (ring->first + 1) % ring->room;
	ring->count--;
	return command;
}

void
cal_redis_ring_release(struct cal_redis_ring *ring)
{
	free(ring->commands);
	*ring = (struct cal_redis_ring){ .count = 0 };
}
