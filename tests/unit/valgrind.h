/* Tests of what valgrind does not emulate are left out when it runs them (make valgrind sets
 * HW_VALGRIND). */
#ifndef HW_TESTS_UNIT_VALGRIND_H
#define HW_TESTS_UNIT_VALGRIND_H

#include <stdio.h>
#include <stdlib.h>

/* After the includes of cmocka.h. `why` says what is missing. */
#define NOT_UNDER_VALGRIND(why)                                  \
	do {                                                     \
		if (getenv("HW_VALGRIND")) {                     \
			printf("not under valgrind: %s\n", why); \
			skip();                                  \
		}                                                \
	} while (0)

#endif
