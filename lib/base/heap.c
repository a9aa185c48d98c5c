/*
 * A binary heap.  entries[0] is never used, so that place is the index and the
 * parent of n is n / 2.
 */
#include "base/heap.h"

#include <stdlib.h>

#include "base/mem.h"

void
cal_heap_release(struct cal_heap *heap)
{
	size_t i;

	for (i = 1; i <= heap->count; i++)
		heap->entries[i]->place = 0;
	free(heap->entries);
	*heap = (struct cal_heap){ 0 };
}

static void
set(struct cal_heap *heap, size_t place, struct cal_heap_entry *entry)
{
	heap->entries[place] = entry;
	entry->place = place;
}

/* Moves entry, which belongs at place or above, to where it belongs. */
static void
rise(struct cal_heap *heap, size_t place, struct cal_heap_entry *entry)
{
	while (place > 1 && entry->rank < heap->entries[place / 2]->rank) {
		set(heap, place, heap->entries[place / 2]);
		place /= 2;
	}
	set(heap, place, entry);
}

/* The same for an entry that belongs at place or below. */
static void
sink(struct cal_heap *heap, size_t place, struct cal_heap_entry *entry)
{
	size_t child;

	while ((child = 2 * place) <= heap->count) {
		if (child < heap->count && heap->entries[child + 1]->rank <
		    heap->entries[child]->rank)
			child++;
		if (entry->rank <= heap->entries[child]->rank)
			break;
		set(heap, place, heap->entries[child]);
		place = child;
	}
	set(heap, place, entry);
}

void
cal_heap_add(struct cal_heap *heap, struct cal_heap_entry *entry)
{
	if (heap->count + 1 >= heap->cap) {
		heap->cap = heap->cap > 0 ? 2 * heap->cap : 16;
		heap->entries = cal_realloc(heap->entries,
		    heap->cap * sizeof(*heap->entries));
	}
	rise(heap, ++heap->count, entry);
}

void
cal_heap_remove(struct cal_heap *heap, struct cal_heap_entry *entry)
{
	size_t place = entry->place;
	struct cal_heap_entry *last;

	if (place == 0)
		return;
	entry->place = 0;
	last = heap->entries[heap->count--];
	if (last == entry)
		return;
	if (place > 1 && last->rank < heap->entries[place / 2]->rank)
		rise(heap, place, last);
	else
		sink(heap, place, last);
}

struct cal_heap_entry *
cal_heap_first(const struct cal_heap *heap)
{
	return heap->count > 0 ? heap->entries[1] : NULL;
}
