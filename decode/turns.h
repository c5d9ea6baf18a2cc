/*
 * Does a thread that runs turn in a loop, or does it get about? Told from where it was in a number
 * of looks, each of them a hash of a chain of functions.
 *
 * One look or two tell nothing: a loop over five functions is in another one each time, and a long
 * computation spends most of its time in one. What counts is whether the set of places is small and
 * closed. It repeats when nearly all looks found it in one of a few, which the earlier half of the
 * looks had shown already. It varies when new ones keep coming to the end, or when there are
 * many. In between nothing is said: neither is then known.
 *
 * Nearly all: a loop, too, calls something now and then. And a look at memory that changes
 * meanwhile may show a place that never was; where the looks are of that kind, more is allowed for.
 */
#ifndef HW_DECODE_TURNS_H
#define HW_DECODE_TURNS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TURNS_MIN = 24,    /* looks before it is said to repeat */
	TURNS_SURE = 48,   /* ... to vary */
	TURNS_MAX = 96,    /* so many that a loop over few functions has shown them all */
	TURNS_FEW = 8,     /* places of a loop */
	TURNS_MANY = 16,   /* more than a loop has, even if all of them repeat */
	TURNS_STRAY = 16,  /* of so many looks one may be elsewhere */
	TURNS_GARBLED = 8, /* ... or garbled */
};

enum turning_kind {
	TURNING_UNKNOWN, /* not looked at */
	TURNING_OPEN,    /* neither can be said */
	TURNING_REPEATS,
	TURNING_VARIES,
};

struct turns {
	struct {
		uint64_t place;
		unsigned n, first; /* how often, and in which look first */
	} v[TURNS_MAX];
	unsigned n, looks;
};

/* What came of it. */
struct turning {
	enum turning_kind kind;
	bool native;            /* of the native stack, else of the frames of a language */
	unsigned looks, places; /* places: that were seen again, or all where it varies */
	uint64_t place;         /* where it was most often */
	int64_t span_ns;        /* from the first look to the last */
};

void turns_add(struct turns *t, uint64_t place);

/*
 * What can be said so far. `garbled`: the looks were at memory that changed meanwhile. `last`:
 * there will be no more looks, so fewer must do: the fewer the places are, or the more new ones
 * come.
 */
enum turning_kind turns_decide(const struct turns *t, bool garbled, bool last);

/* After the last look. */
struct turning turns_end(const struct turns *t, bool garbled, int64_t span_ns);

#endif
