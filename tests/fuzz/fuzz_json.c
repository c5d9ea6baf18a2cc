/*
 * Fuzzes snapshot/jsonpull.c: whatever is accepted when it is skipped as a whole is accepted when
 * it is taken value by value, and the other way round, but for what skipping does not look at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/jsonpull.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk(struct pull *p)
{
	struct strbuf text = { 0 };
	char key[16];
	int64_t number;
	bool flag;

	switch (pull_peek(p)) {
	case PULL_OBJECT:
		pull_object(p);
		while (pull_key(p, key, sizeof(key)))
			walk(p);
		break;
	case PULL_ARRAY:
		pull_array(p);
		while (pull_item(p))
			walk(p);
		break;
	case PULL_STRING:
		(void)pull_string(p, &text);
		break;
	case PULL_NUMBER:
		/* Numbers beyond 64 bits are well-formed, but none of ours. */
		(void)pull_scaled(p, 3, &number);
		break;
	case PULL_BOOL:
		(void)pull_bool(p, &flag);
		break;
	case PULL_NULL:
		(void)pull_null(p);
		break;
	default:
		(void)pull_fail(p, "a value");
	}
	strbuf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pull p;
	char *copy = malloc(n + 1); /* without room behind it */

	if (!copy)
		return 0;
	memcpy(copy, data, n);
	char *exact = realloc(copy, n ? n : 1);
	pull_begin(&p, exact, n);
	walk(&p);
	bool taken = pull_end(&p);
	pull_begin(&p, exact, n);
	pull_skip(&p);
	if (taken && !pull_end(&p))
		abort();
	free(exact);
	return 0;
}
