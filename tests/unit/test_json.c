/* Unit tests of the JSON writer and parser. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/strbuf.h"
#include "core/util.h"
#include "snapshot/json.h"
#include "snapshot/jsonpull.h"

static int to_strbuf(void *arg, const void *p, size_t n)
{
	strbuf_add_bytes(arg, p, n);
	return 0;
}

static int refuse(void *arg, const void *p, size_t n)
{
	(void)p;
	(void)n;
	++*(int *)arg;
	return -ENOSPC;
}

static void commas_and_lines(void **state)
{
	const char *expected[] = {
		"{\"a\":[1,[],{\"b\":null}],\"c\":true}\n",
		"{\n \"a\": [1, [], {\"b\": null}],\n \"c\": true\n}\n",
		"{\n \"a\": [\n  1,\n  [],\n  {\"b\": null}\n ],\n \"c\": true\n}\n",
	};

	(void)state;
	for (unsigned depth = 0; depth < 3; depth++) {
		struct strbuf b = { 0 };
		struct json j;

		json_begin(&j, to_strbuf, &b, depth);
		json_object(&j);
		json_key(&j, "a");
		json_array(&j);
		json_int(&j, 1);
		json_array(&j);
		json_array_end(&j);
		json_object(&j);
		json_key(&j, "b");
		json_null(&j);
		json_object_end(&j);
		json_array_end(&j);
		json_key(&j, "c");
		json_bool(&j, true);
		json_object_end(&j);
		assert_int_equal(json_end(&j), 0);
		assert_string_equal(strbuf_str(&b), expected[depth]);
		strbuf_done(&b);
	}
}

static void assert_str(const char *in, const char *expected)
{
	struct strbuf b = { 0 };
	struct json j;

	json_begin(&j, to_strbuf, &b, 0);
	json_str(&j, in);
	assert_int_equal(json_end(&j), 0);
	assert_string_equal(strbuf_str(&b), expected);
	strbuf_done(&b);
}

static void strings(void **state)
{
	(void)state;
	assert_str("plain é 日本 \xf0\x9f\x90\x8d", "\"plain é 日本 \xf0\x9f\x90\x8d\"\n");
	assert_str("\"\\\n\t\x01\x7f", "\"\\\"\\\\\\n\\t\\u0001\\u007f\"\n");
	assert_str("\xff\xc0\x80z", "\"\\\\xff\\\\xc0\\\\x80z\"\n");
	assert_str("\xe2\x80\xae\xc2\x9b\xf3\xa0\x81\x81", "\"\\u202e\\u009b\\udb40\\udc41\"\n");
}

static void long_strings(void **state)
{
	struct strbuf b = { 0 };
	struct json j;
	char *text = malloc(100001);

	(void)state;
	memset(text, 'x', 100000);
	text[100000] = '\0';
	json_begin(&j, to_strbuf, &b, 0);
	json_str(&j, text);
	assert_int_equal(json_end(&j), 0);
	assert_int_equal(b.n, 100003);
	free(text);
	strbuf_done(&b);
}

static void assert_decimal(int64_t v, unsigned digits, const char *expected)
{
	struct strbuf b = { 0 };
	struct json j;

	json_begin(&j, to_strbuf, &b, 0);
	json_decimal(&j, v, digits);
	assert_int_equal(json_end(&j), 0);
	b.s[b.n - 1] = '\0';
	assert_string_equal(strbuf_str(&b), expected);
	strbuf_done(&b);
}

static void decimals(void **state)
{
	(void)state;
	assert_decimal(0, 9, "0");
	assert_decimal(8010000000, 9, "8.01");
	assert_decimal(-500, 9, "-0.0000005");
	assert_decimal(86400000000000, 9, "86400");
	assert_decimal(12345, 3, "12.345");
	assert_decimal(999999999999999, 9, "999999.999999999");
	assert_decimal(9999999999999999, 9, "10000000");
	assert_decimal(1234567890123456789, 9, "1234567890.12346");
	assert_decimal(INT64_MAX, 9, "9223372036.85478");
	assert_decimal(INT64_MIN + 2, 3, "-9223372036854776");
}

static void sink_errors_stick(void **state)
{
	struct json j;
	int calls = 0;

	(void)state;
	json_begin(&j, refuse, &calls, 0);
	json_array(&j);
	for (int i = 0; i < 100000; i++)
		json_int(&j, i);
	json_array_end(&j);
	assert_int_equal(json_end(&j), -ENOSPC);
	assert_int_equal(calls, 1);
}

/* Takes one value of any kind apart and says it again in a fixed form. */
static void again(struct pull *p, struct strbuf *out)
{
	struct strbuf text = { 0 };
	char key[8];
	int64_t number;
	bool yes;

	switch (pull_peek(p)) {
	case PULL_OBJECT:
		strbuf_add(out, "{");
		for (pull_object(p); pull_key(p, key, sizeof(key)); strbuf_add(out, ";")) {
			strbuf_addf(out, "%s=", key);
			again(p, out);
		}
		strbuf_add(out, "}");
		break;
	case PULL_ARRAY:
		strbuf_add(out, "[");
		for (pull_array(p); pull_item(p); strbuf_add(out, ";"))
			again(p, out);
		strbuf_add(out, "]");
		break;
	case PULL_STRING:
		if (pull_string(p, &text))
			strbuf_addf(out, "<%s>", strbuf_str(&text));
		break;
	case PULL_NUMBER:
		if (pull_scaled(p, 3, &number))
			strbuf_addf(out, "%lld", (long long)number);
		break;
	case PULL_BOOL:
		if (pull_bool(p, &yes))
			strbuf_add(out, yes ? "yes" : "no");
		break;
	case PULL_NULL:
		if (pull_null(p))
			strbuf_add(out, "none");
		break;
	default:
		(void)pull_fail(p, "a value");
	}
	strbuf_done(&text);
}

static void assert_pull(const char *text, const char *expected)
{
	struct strbuf b = { 0 };
	struct pull p;

	pull_begin(&p, text, strlen(text));
	again(&p, &b);
	assert_int_equal(pull_end(&p), expected != NULL);
	if (expected)
		assert_string_equal(strbuf_str(&b), expected);
	strbuf_done(&b);

	/* Skipping finds the same texts well-formed. */
	pull_begin(&p, text, strlen(text));
	pull_skip(&p);
	assert_int_equal(pull_end(&p), expected != NULL);
}

static void pull_values(void **state)
{
	(void)state;
	assert_pull("{}", "{}");
	assert_pull(" [ ] ", "[]");
	assert_pull("[1, [2,[]], {\"a\":{}, \"b\" : null}, true,false]",
		    "[1000;[2000;[];];{a={};b=none;};yes;no;]");
	assert_pull("{\"a key that is too long\":\"v\"}", "{a key t=<v>;}");
	assert_pull("\"\\u00e9\\ud83d\\udc0d\\n\\/\"", "<é\xf0\x9f\x90\x8d\n/>");
	assert_pull("-0.0005", "-1");
	assert_pull("0.00049999", "0");
	assert_pull("12e3", "12000000");
	assert_pull("12.5e-1", "1250");
	assert_pull("1E+2", "100000");
	assert_pull("123456789.123456789123456789", "123456789123");
	assert_pull("9223372036854775.807", "9223372036854775807");
	assert_pull("-9223372036854775.808", "-9223372036854775808");
}

static void pull_refuses(void **state)
{
	const char *bad[] = { "",          "{",         "[",           "]",           "[1,]",
			      "[,1]",      "{\"a\"}",   "{\"a\":1,}",  "{a:1}",       "[1 2]",
			      "{\"a\":1]", "[1}",       "nul",         "truee",       "\"",
			      "\"\\x\"",   "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\u0000\"",
			      "\"\xff\"",  "\"\n\"",    "1 2",         "+1",          "-",
			      "[-]",       "1e",        "{\"a\":}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_pull(bad[i], NULL);
}

static void pull_bounds(void **state)
{
	char deep[200];
	struct pull p;
	int64_t number = 7;

	(void)state;
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	pull_begin(&p, deep, sizeof(deep));
	pull_skip(&p);
	assert_false(pull_end(&p));
	pull_begin(&p, deep + 36, 128);
	pull_skip(&p);
	assert_true(pull_end(&p));

	const char *large[] = { "9223372036854775808", "1e19", "1e999999999999",
				"1e-99999999999999999999" };
	for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
		pull_begin(&p, large[i], strlen(large[i]));
		assert_int_equal(pull_scaled(&p, 0, &number), i == 3);
		assert_int_equal(number, i == 3 ? 0 : 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_and_lines),  cmocka_unit_test(strings),
		cmocka_unit_test(long_strings),      cmocka_unit_test(decimals),
		cmocka_unit_test(sink_errors_stick), cmocka_unit_test(pull_values),
		cmocka_unit_test(pull_refuses),      cmocka_unit_test(pull_bounds),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
