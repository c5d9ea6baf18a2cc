/* When is a set of places a loop? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/turns.h"

enum { NATIVE, GARBLED };

/* Which place look n finds. */
typedef uint64_t place_fn(unsigned n);

static struct turns seen(place_fn *place, unsigned looks)
{
	struct turns t = { 0 };

	for (unsigned i = 0; i < looks; i++)
		turns_add(&t, place(i));
	return t;
}

static enum turning_kind kind(place_fn *place, unsigned looks, bool garbled, bool last)
{
	struct turns t = seen(place, looks);

	return turns_decide(&t, garbled, last);
}

static uint64_t one(unsigned n)
{
	return 7;
}

static uint64_t five(unsigned n)
{
	return 1 + n * 3 % 5;
}

static uint64_t twelve(unsigned n)
{
	return 1 + n % 12;
}

static uint64_t twenty(unsigned n)
{
	return 1 + n % 20;
}

static uint64_t always_new(unsigned n)
{
	return 1 + n;
}

/* Now and then a long computation comes by its main loop. */
static uint64_t often_new(unsigned n)
{
	return n % 2 ? 1 : 1 + n;
}

static uint64_t moves_on(unsigned n)
{
	return n < 20 ? 1 : 2;
}

/* The first look and every eleventh show what never was. */
static uint64_t torn(unsigned n)
{
	return n % 11 ? five(n) : 1000 + n;
}

static void a_loop(void **state)
{
	(void)state;
	assert_int_equal(kind(one, 23, NATIVE, false), TURNING_OPEN);
	assert_int_equal(kind(one, 24, NATIVE, false), TURNING_REPEATS);
	assert_int_equal(kind(five, 24, NATIVE, false), TURNING_REPEATS);
	assert_int_equal(kind(five, 24, GARBLED, false), TURNING_REPEATS);
	assert_int_equal(kind(five, TURNS_MAX, NATIVE, true), TURNING_REPEATS);
}

/* The more places, the more looks. */
static void a_loop_seen_seldom(void **state)
{
	(void)state;
	assert_int_equal(kind(one, 9, NATIVE, true), TURNING_OPEN);
	assert_int_equal(kind(one, 10, NATIVE, true), TURNING_REPEATS);
	assert_int_equal(kind(five, 17, NATIVE, true), TURNING_OPEN);
	assert_int_equal(kind(five, 18, NATIVE, true), TURNING_REPEATS);
	assert_int_equal(kind(one, 0, NATIVE, true), TURNING_OPEN);
}

static void work(void **state)
{
	(void)state;
	assert_int_equal(kind(always_new, 47, NATIVE, false), TURNING_OPEN);
	assert_int_equal(kind(always_new, 48, NATIVE, false), TURNING_VARIES);
	assert_int_equal(kind(always_new, 23, NATIVE, true), TURNING_OPEN);
	assert_int_equal(kind(always_new, 24, NATIVE, true), TURNING_VARIES);
	assert_int_equal(kind(always_new, 48, GARBLED, false), TURNING_VARIES);
	assert_int_equal(kind(often_new, 48, NATIVE, false), TURNING_VARIES);
	assert_int_equal(kind(twenty, 48, NATIVE, false), TURNING_VARIES);
}

/* A tenth of the looks finds it in one of the calls that a loop makes seldom. */
static uint64_t seldom(unsigned n)
{
	return n % 10 ? five(n) : 100 + n / 10 % 4;
}

static void a_loop_with_rare_calls(void **state)
{
	(void)state;
	assert_int_equal(kind(seldom, TURNS_MAX, GARBLED, true), TURNING_REPEATS);
	assert_int_equal(kind(seldom, TURNS_MAX, NATIVE, true), TURNING_REPEATS);
}

static void neither(void **state)
{
	(void)state;
	assert_int_equal(kind(twelve, TURNS_MAX, NATIVE, true), TURNING_OPEN);
	/* A later stage of its work, or a second loop: the set was not closed. */
	assert_int_equal(kind(moves_on, 40, NATIVE, true), TURNING_OPEN);
	assert_int_equal(kind(moves_on, 40, GARBLED, true), TURNING_OPEN);
}

static void garbled_looks(void **state)
{
	(void)state;
	for (unsigned looks = 27; looks <= TURNS_MAX; looks++) {
		assert_int_equal(kind(torn, looks, GARBLED, true), TURNING_REPEATS);
		assert_int_equal(kind(torn, looks, NATIVE, true), TURNING_OPEN);
	}
}

/* Whatever the luck of the looks, a loop over few functions does not vary, and work over very many
 * is no loop. */
static void any_luck(void **state)
{
	(void)state;
	unsigned missed = 0;

	srandom(1);
	for (unsigned turn = 0; turn < 1000; turn++) {
		unsigned few = 1 + turn % TURNS_FEW;
		struct turns loop = { 0 }, many = { 0 };
		for (unsigned n = 0; n < TURNS_MAX; n++) {
			turns_add(&loop, 1 + (unsigned)random() % few);
			turns_add(&many, 1 + (unsigned)random() % 1000);
			assert_int_not_equal(turns_decide(&loop, false, false), TURNING_VARIES);
			assert_int_not_equal(turns_decide(&many, true, true), TURNING_REPEATS);
		}
		missed += turns_decide(&loop, false, true) != TURNING_REPEATS;
		assert_int_equal(turns_decide(&many, false, true), TURNING_VARIES);
	}
	/* One of eight places is first seen in the later half now and then. */
	assert_true(missed < 1000 / 20);
}

static void what_is_told(void **state)
{
	(void)state;
	struct turns t = seen(torn, 30);
	struct turning x = turns_end(&t, true, 12345);

	assert_int_equal(x.kind, TURNING_REPEATS);
	assert_int_equal(x.looks, 30);
	assert_int_equal(x.places, 5); /* without the torn ones */
	assert_true(x.place >= 1 && x.place <= 5);
	assert_int_equal(x.span_ns, 12345);

	t = seen(always_new, 60);
	assert_int_equal(turns_end(&t, false, 1).places, 60);
	/* No more are kept than there is room for. */
	t = seen(always_new, 3 * TURNS_MAX);
	assert_int_equal(turns_end(&t, false, 1).looks, TURNS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop),
		cmocka_unit_test(a_loop_seen_seldom),
		cmocka_unit_test(work),
		cmocka_unit_test(neither),
		cmocka_unit_test(a_loop_with_rare_calls),
		cmocka_unit_test(garbled_looks),
		cmocka_unit_test(any_luck),
		cmocka_unit_test(what_is_told),
	};

	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
