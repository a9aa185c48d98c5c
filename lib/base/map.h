/*
 * A table from bytes to pointers, with a hash keyed anew in every process
 * (SipHash), since its keys come from the network.
 *
 * Keys are copied; values are the caller's.  All operations are O(1) on
 * average.
 */
#ifndef CAL_BASE_MAP_H
#define CAL_BASE_MAP_H

#include <stddef.h>

#include "base/buf.h"

struct cal_map;

struct cal_map *cal_map_new(void);
void cal_map_free(struct cal_map *map);         /* values stay the caller's */

/* The value, or NULL. */
void *cal_map_find(const struct cal_map *map, struct cal_slice key);

/* Puts value (not NULL) under key; returns what it replaces, or NULL. */
void *cal_map_put(struct cal_map *map, struct cal_slice key, void *value);

/* Takes the entry out and returns its value, or NULL. */
void *cal_map_remove(struct cal_map *map, struct cal_slice key);

size_t cal_map_count(const struct cal_map *map);

/*
 * Calls fn for each entry.  fn may remove the entry that it was called for,
 * and nothing else.
 */
void cal_map_each(struct cal_map *map,
    void (*fn)(struct cal_slice key, void *value, void *arg), void *arg);

#endif
