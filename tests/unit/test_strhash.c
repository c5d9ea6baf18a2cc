/* SipHash against the test vectors of its authors' paper and reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtimes/cpython/strhash.h"

/* Key 00 01 … 0f, input 00 01 … (n - 1). */
#define K0 0x0706050403020100ull
#define K1 0x0f0e0d0c0b0a0908ull

static void two_four(void **state)
{
	unsigned char in[64];

	(void)state;
	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)i;
	assert_true(strhash_sip(K0, K1, in, 0, 2, 4) == 0x726fdb47dd0e0e31ull);
	assert_true(strhash_sip(K0, K1, in, 8, 2, 4) == 0x93f5f5799a932462ull);
	assert_true(strhash_sip(K0, K1, in, 15, 2, 4) == 0xa129ca6149be45e5ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(two_four) };

	return cmocka_run_group_tests_name("strhash", tests, NULL, NULL);
}
