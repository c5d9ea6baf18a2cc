/* Tests by table: one for each row, which begins with its name. After cmocka.h. */
#ifndef HW_TESTS_UNIT_CASES_H
#define HW_TESTS_UNIT_CASES_H

/* Fills n tests from n rows of that size; a test's state is its row. */
static inline void case_tests(struct CMUnitTest *tests, const void *rows, size_t n, size_t size,
			      CMUnitTestFunction fn)
{
	for (size_t i = 0; i < n; i++) {
		const char *const *name = (const void *)((const char *)rows + i * size);

		tests[i] = (struct CMUnitTest){ .name = *name,
						.test_func = fn,
						.initial_state = (void *)name };
	}
}

#endif
