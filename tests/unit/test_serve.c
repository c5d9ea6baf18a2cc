/* The acquirer's side of a decoder that ends in one way or another; what it may ask for is fuzzed
 * (fuzz_request.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acquire/serve.h"
#include "core/util.h"
#include "raw/request.h"

/* What serving gives for a decoder that has said this and was gone before it was heard. */
static int serve(const struct request *said, size_t n)
{
	struct raw_options options = { 0 };
	struct builder b;
	struct raw_capture c = { .b = &b, .options = &options };
	struct acquirer a = { .c = &c };
	int pair[2];

	assert_int_equal(builder_init(&b), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(request_send(pair[0], &said[i], -1), 0);
	(void)close(pair[0]);
	int r = serve_decoder(&a, pair[1], deadline_in(20 * NSEC_PER_SEC));
	(void)close(pair[1]);
	builder_done(&b);
	return r;
}

static void done_is_done(void **state)
{
	assert_int_equal(serve((struct request[]){ { .kind = REQUEST_DONE } }, 1), 1);
}

static void gone_is_gone(void **state)
{
	assert_int_equal(serve((struct request[]){ { .kind = REQUEST_MARK } }, 1), 0);
	assert_int_equal(serve(NULL, 0), 0);
}

/* Nobody takes the answer any more, but what was said behind the question counts. */
static void unanswered_is_heard(void **state)
{
	const struct request said[] = { { .kind = REQUEST_MARK }, { .kind = REQUEST_DONE } };

	assert_int_equal(serve(said, ARRAY_SIZE(said)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(done_is_done),
					    cmocka_unit_test(gone_is_gone),
					    cmocka_unit_test(unanswered_is_heard) };
	return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
