/*
 * uthash under a keyed hash.  One key for the process, drawn when the first
 * table is made; an entry and the copy of its key are one allocation.
 */
#include "base/map.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"

static unsigned hash(const void *ptr, size_t len);
static int differ(const void *a, const void *b, size_t len);

#define HASH_FUNCTION(ptr, len, value) ((value) = hash(ptr, len))
#define HASH_KEYCMP(a, b, len) differ(a, b, len)
#define uthash_malloc(size) cal_malloc(size)
#define uthash_free(ptr, size) free(ptr)
#include <uthash.h>

struct entry {
	UT_hash_handle hh;
	void *value;
	uint8_t key[];
};

struct cal_map {
	struct entry *head;
};

static uint8_t hash_key[crypto_shorthash_KEYBYTES];

static unsigned
hash(const void *ptr, size_t len)
{
	uint8_t out[crypto_shorthash_BYTES];
	unsigned value;

	crypto_shorthash(out, ptr, len, hash_key);
	memcpy(&value, out, sizeof(value));
	return value;
}

static int
differ(const void *a, const void *b, size_t len)
{
	return len > 0 && memcmp(a, b, len) != 0;
}

struct cal_map *
cal_map_new(void)
{
	static bool keyed;
	struct cal_map *map;

	if (!keyed) {
		cal_random_bytes(hash_key, sizeof(hash_key));
		keyed = true;
	}
	CAL_NEW(map);
	return map;
}

void
cal_map_free(struct cal_map *map)
{
	struct entry *entry, *next;

	if (map == NULL)
		return;
	HASH_ITER(hh, map->head, entry, next) {
		HASH_DEL(map->head, entry);
		free(entry);
	}
	free(map);
}

static struct entry *
find(const struct cal_map *map, struct cal_slice key, unsigned value)
{
	struct entry *entry = NULL;

	HASH_FIND_BYHASHVALUE(hh, map->head, key.ptr, key.len, value, entry);
	return entry;
}

void *
cal_map_find(const struct cal_map *map, struct cal_slice key)
{
	struct entry *entry = find(map, key, hash(key.ptr, key.len));

	return entry != NULL ? entry->value : NULL;
}

void *
cal_map_put(struct cal_map *map, struct cal_slice key, void *value)
{
	unsigned number = hash(key.ptr, key.len);
	struct entry *entry = find(map, key, number);
	void *old;

	if (entry != NULL) {
		old = entry->value;
		entry->value = value;
		return old;
	}
	entry = cal_malloc(sizeof(*entry) + key.len);
	entry->value = value;
	if (key.len > 0)
		memcpy(entry->key, key.ptr, key.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, map->head, entry->key, key.len, number,
	    entry);
	return NULL;
}

void *
cal_map_remove(struct cal_map *map, struct cal_slice key)
{
	struct entry *entry = find(map, key, hash(key.ptr, key.len));
	void *value;

	if (entry == NULL)
		return NULL;
	value = entry->value;
	HASH_DEL(map->head, entry);
	free(entry);
	return value;
}

size_t
cal_map_count(const struct cal_map *map)
{
	return HASH_COUNT(map->head);
}

void
cal_map_each(struct cal_map *map,
    void (*fn)(struct cal_slice key, void *value, void *arg), void *arg)
{
	struct entry *entry, *next;

	HASH_ITER(hh, map->head, entry, next)
		fn(cal_slice_of(entry->key, entry->hh.keylen), entry->value,
		    arg);
}
