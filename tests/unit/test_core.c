/* Unit tests of core/: parsing, escaping, maps, string buffers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/escape.h"
#include "core/map.h"
#include "core/parse.h"
#include "core/secret.h"
#include "core/strbuf.h"
#include "core/utf8.h"
#include "core/util.h"

static void durations(void **state)
{
	int64_t ns = -1;

	(void)state;
	assert_int_equal(parse_duration("500ms", &ns), 0);
	assert_int_equal(ns, 500000000);
	assert_int_equal(parse_duration("1.5s", &ns), 0);
	assert_int_equal(ns, 1500000000);
	assert_int_equal(parse_duration("2m", &ns), 0);
	assert_int_equal(ns, 120000000000);
	const char *bad[] = { "", "5", "-1s", "1 s", "1.s", "s", "8x", "1ss", "1e3s" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_duration(bad[i], &ns), -EINVAL);
	assert_int_equal(parse_duration("99999999999999999999s", &ns), -ERANGE);
	assert_int_equal(parse_duration("999999h", &ns), -ERANGE);
	assert_int_equal(ns, 120000000000); /* untouched on failure */
}

/* Times of others may be any number: a file of the year 2600, a timeout of a million years. */
static void times_of_others(void **state)
{
	assert_int_equal(clock_ns_of(2, 5), 2000000005);
	assert_int_equal(clock_ns_of(-2, 5), -1999999995);
	assert_int_equal(clock_ns_of(20000000000, 0), INT64_MAX);
	assert_int_equal(clock_ns_of(INT64_MAX / 1000000000, 999999999), INT64_MAX);
	assert_int_equal(clock_ns_of(INT64_MIN, 0), INT64_MIN);
}

static void pids(void **state)
{
	pid_t pid = 7;

	(void)state;
	assert_int_equal(parse_pid("123", &pid), 0);
	assert_int_equal(pid, 123);
	assert_int_equal(parse_pid("0", &pid), -ERANGE);
	assert_int_equal(parse_pid("2147483648", &pid), -ERANGE);
	assert_int_equal(parse_pid("12x", &pid), -EINVAL);
	assert_int_equal(parse_pid("-1", &pid), -EINVAL);
	assert_int_equal(pid, 123);
}

static void keys(void **state)
{
	const char *text = "Name:\tcat\nNSpid:\t5\t1\nPid:\t5\n";

	(void)state;
	assert_true(strncmp(scan_key(text, "Pid"), "5\n", 2) == 0);
	assert_true(strncmp(scan_key(text, "Name"), "cat", 3) == 0);
	assert_null(scan_key(text, "id"));
	assert_null(scan_key("", "Pid"));
}

static void escapes_what_terminals_obey(void **state)
{
	struct strbuf b = { 0 };

	(void)state;
	strbuf_add_escaped(&b, "a\033[31m\n\xff\xc0\x80"
			       "é\xe2\x80\xae"
			       "\xc2\x9b"
			       "z");
	assert_string_equal(strbuf_str(&b), "a\\x1b[31m\\x0a\\xff\\xc0\\x80é\\u{202e}\\u{9b}z");
	strbuf_done(&b);
}

/* Every code point there is comes back from its own bytes, and nothing else is taken for one. */
static void utf8_both_ways(void **state)
{
	char to[4];

	(void)state;
	for (uint32_t c = 0; c <= 0x110000; c++) {
		size_t n = utf8_is_scalar(c) ? utf8_encode(c, to) : 0;

		if (!n)
			continue;
		assert_int_equal(utf8_sequence(to, n), n);
		assert_int_equal(utf8_sequence(to, n - 1), 0);
		assert_int_equal(utf8_decode(to, n), c);
	}
	assert_false(utf8_is_scalar(0xd800) || utf8_is_scalar(0xdfff) || utf8_is_scalar(0x110000));
}

static void never_half_an_escape(void **state)
{
	char to[8];

	(void)state;
	for (size_t cap = 0; cap <= 7; cap++)
		assert_int_equal(escape_text(to, cap, "\n\n", 2), cap / 4 * 4);
}

static void maps(void **state)
{
	struct map m = { 0 };
	uint64_t v;

	(void)state;
	assert_false(map_get(&m, 0, &v));
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(map_set(&m, i * 4096, i), 0);
	for (uint64_t i = 0; i < 1000; i++) {
		assert_true(map_get(&m, i * 4096, &v));
		assert_int_equal(v, i);
	}
	assert_false(map_get(&m, 1, &v));
	assert_int_equal(map_set(&m, 0, 42), 0);
	assert_true(map_get(&m, 0, &v));
	assert_int_equal(v, 42);
	assert_int_equal(m.n, 1000);
	map_done(&m);
}

static void names_of_secrets(void **state)
{
	static const char *const secret[] = { "password",   "dbPassword", "API_KEY", "key",
					      "ssh_keys",   "authToken",  "auth",    "x_auth_y",
					      "privateKey", "Cookie2",    "userPin" };
	static const char *const harmless[] = { "",      "monkey",    "keyboard", "author",
						"tokyo", "passenger", "spin",     "pinned",
						"_",     "k",         "turkeys" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		assert_true(secret_name(secret[i], NULL));
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		assert_false(secret_name(harmless[i], ","));
	assert_true(secret_name("launch_code", "x,Launch"));
	assert_false(secret_name("launch_code", "launched,codes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(times_of_others),
		cmocka_unit_test(pids),
		cmocka_unit_test(keys),
		cmocka_unit_test(escapes_what_terminals_obey),
		cmocka_unit_test(utf8_both_ways),
		cmocka_unit_test(never_half_an_escape),
		cmocka_unit_test(maps),
		cmocka_unit_test(names_of_secrets),
	};

	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
