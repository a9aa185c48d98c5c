/*
 * A queue by rank: the entry with the lowest rank comes out first, and any
 * entry can be taken out.  Entries are part of the caller's objects.
 */
#ifndef CAL_BASE_HEAP_H
#define CAL_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cal_heap_entry {
	uint64_t rank;
	size_t place;           /* 1 and up; 0: in no heap */
};

/* A heap of zeros is an empty one. */
struct cal_heap {
	struct cal_heap_entry **entries;
	size_t count;
	size_t cap;
};

void cal_heap_release(struct cal_heap *heap);   /* entries are the caller's */
void cal_heap_add(struct cal_heap *heap, struct cal_heap_entry *entry);
void cal_heap_remove(struct cal_heap *heap, struct cal_heap_entry *entry);

/* The entry with the lowest rank, which stays; NULL when there is none. */
struct cal_heap_entry *cal_heap_first(const struct cal_heap *heap);

static inline bool
cal_heap_has(const struct cal_heap_entry *entry)
{
	return entry->place != 0;
}

#endif
