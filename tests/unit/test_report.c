/*
 * Unit tests of the report as JSON: what is written can be read and is then written the same,
 * whatever the rows hold, and what was damaged or made to deceive is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/strbuf.h"
#include "core/util.h"
#include "snapshot/builder.h"
#include "snapshot/check.h"
#include "snapshot/read.h"
#include "snapshot/schema.h"
#include "snapshot/write.h"

enum { ROWS = 5 };

static uint64_t seed;

static uint32_t any(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static str_t any_str(struct builder *b)
{
	static const char *const texts[] = {
		"",      "pytest",      "a\033[31mb\nc", "\xff\xfe", "é日本\xf0\x9f\x90\x8d",
		"\"\\/", "\xe2\x80\xae"
	};
	uint32_t i = any(ARRAY_SIZE(texts) + 2);

	return i < 2 ? i : builder_str(b, texts[i - 2]);
}

static int64_t any_int(void)
{
	switch (any(5)) {
	case 0:
		return SNAP_UNKNOWN;
	case 1:
		return SNAP_NONE;
	case 2:
		return -(int64_t)any(1000000);
	case 3:
		return (int64_t)((uint64_t)any(1u << 31) << 31 | any(1u << 31));
	default:
		return any(5000);
	}
}

/* A node of one of the allowed kinds; every node table has ROWS rows. */
static node_t any_node(uint32_t kinds)
{
	for (;;) {
		uint32_t t = any(TABLE_LAST_NODE) + 1;
		if (!kinds || (kinds & (1u << t)))
			return NODE(t, any(ROWS));
	}
}

static struct span any_nodes(struct builder *b, uint32_t kinds)
{
	node_t nodes[3];
	uint32_t n = any(4);

	for (uint32_t i = 0; i < n; i++) {
		nodes[i] = any_node(kinds);
		/* A set stands for a whole list. */
		if (node_table(nodes[i]) == TABLE_SET) {
			nodes[0] = nodes[i];
			n = 1;
		}
	}
	return builder_refs(b, nodes, n);
}

static unsigned n_names(const char *const *names)
{
	unsigned n = 0;

	while (names[n])
		n++;
	return n;
}

static void fill(struct builder *b, const struct record *r, void *row)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = &r->fields[i];
		void *at = (char *)row + f->offset;

		switch ((enum field_type)f->type) {
		case FIELD_STR:
			*(str_t *)at = any_str(b);
			break;
		case FIELD_INT:
		case FIELD_NS:
		case FIELD_NS_MS:
		case FIELD_NS_US:
		case FIELD_MILLI:
		case FIELD_HEX:
			*(int64_t *)at = any_int();
			break;
		case FIELD_ARGS:
			for (int a = 0; a < 6; a++)
				((int64_t *)at)[a] = any(9) - 4;
			break;
		case FIELD_BOOL:
		case FIELD_MARK:
			*(uint8_t *)at = any(2);
			break;
		case FIELD_TRI:
			*(uint8_t *)at = any(3);
			break;
		case FIELD_ENUM:
			*(uint8_t *)at = any(n_names(f->u.names));
			break;
		case FIELD_NODE:
		case FIELD_INDEX:
			*(node_t *)at = any(4) ? any_node(f->u.kinds) : any(2);
			break;
		case FIELD_NODES:
			*(struct span *)at = any(3) ? any_nodes(b, f->u.kinds) : SPAN_UNKNOWN;
			break;
		case FIELD_OBJECT:
			*(uint8_t *)at = any(3);
			if (*(uint8_t *)at == PRESENCE_HERE)
				fill(b, f->u.record, at);
			break;
		default:
			break;
		}
	}
}

static void set_owner(enum table t, uint32_t index, const struct record *r, void *row)
{
	static const enum table owners[TABLE_MAX] = {
		[TABLE_THREAD] = TABLE_PROCESS, [TABLE_TASK] = TABLE_PROCESS,
		[TABLE_FD] = TABLE_PROCESS,     [TABLE_RUNTIME] = TABLE_PROCESS,
		[TABLE_SAMPLE] = TABLE_THREAD,  [TABLE_SCOPE] = TABLE_TASK,
	};

	for (size_t i = 0; i < r->n_fields; i++) {
		if (r->fields[i].type != FIELD_OWNER)
			continue;
		uint32_t *owner = (uint32_t *)((char *)row + r->fields[i].offset);
		if (t == TABLE_PARK)
			*owner = NODE(TABLE_THREAD, index);
		else if (t == TABLE_STACK)
			*owner = NODE(index % 2 ? TABLE_TASK : TABLE_THREAD, index / 2);
		else if (t == TABLE_RUNTIME)
			*owner = NODE(TABLE_PROCESS, index);
		else
			*owner = owners[t] ? NODE(owners[t], any(ROWS)) : any(ROWS);
	}
}

static struct snapshot *any_snapshot(void)
{
	struct builder b;
	struct snapshot *s;

	assert_int_equal(builder_init(&b), 0);
	fill(&b, &snap_head_record, &b.s->head);
	b.s->head.schema = 1;
	for (unsigned t = 1; t < TABLE_MAX; t++) {
		const struct record *r = snap_record((enum table)t);
		for (uint32_t i = 0; r && i < ROWS; i++) {
			void *row = builder_row(&b, (enum table)t);
			fill(&b, r, row);
			set_owner((enum table)t, i, r, row);
		}
	}
	for (uint32_t i = 0; i < ROWS; i++) {
		SNAP_ROW(b.s, PROCESS, i)->parent = i ? NODE(TABLE_PROCESS, any(i)) : NODE_NONE;
		SNAP_ROW(b.s, STACK, i)->frames = (struct span){ i, 1 };
	}
	assert_int_equal(builder_finish(&b, &s), 0);
	return s;
}

static int to_strbuf(void *arg, const void *p, size_t n)
{
	strbuf_add_bytes(arg, p, n);
	return 0;
}

static void write_to(struct strbuf *b, const struct snapshot *s, unsigned pretty)
{
	struct snap_index x;
	struct json j;

	assert_int_equal(snap_index_init(&x, s), 0);
	json_begin(&j, to_strbuf, b, pretty);
	snapshot_write(s, &x, &j);
	assert_int_equal(json_end(&j), 0);
	snap_index_done(&x);
}

static void writes_what_it_read(void **state)
{
	(void)state;
	for (seed = 1; seed < 200;) {
		uint64_t next = seed + 1;
		struct snapshot *s = any_snapshot(), *copy = NULL;
		struct strbuf text = { 0 }, again = { 0 };
		char why[200] = "";

		assert_int_equal(snapshot_check(s, why, sizeof(why)), 0);
		write_to(&text, s, next % 5);
		assert_int_equal(snapshot_read(text.s, text.n, &copy, why, sizeof(why)), 0);
		write_to(&again, copy, next % 5);
		assert_string_equal(strbuf_str(&text), strbuf_str(&again));
		for (unsigned t = 1; t <= TABLE_LAST_NODE; t++)
			assert_int_equal(copy->tables[t].n, s->tables[t].n);
		snapshot_free(s);
		snapshot_free(copy);
		strbuf_done(&text);
		strbuf_done(&again);
		seed = next;
	}
}

static struct snapshot *read_text(const char *text)
{
	struct snapshot *s = NULL;
	char why[200] = "";

	if (snapshot_read(text, strlen(text), &s, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	return s;
}

static void reads_values(void **state)
{
	(void)state;
	struct snapshot *s = read_text(
		"{\"processes\": [{\"pid\": 7, \"threads\": [{\"syscall\": null, \"stopped_us\": 1.5,"
		" \"group\": 0, \"tid\": 7, \"frames\": [{\"function\": \"f\", \"from the future\": [{}]}], \"complete\": true,"
		" \"id\": \"T1\", \"activity\": \"dreaming\"}, {\"id\": \"T0\", \"tid\": 8}], \"name\": null, \"id\": \"P0\","
		" \"runtime\": null, \"exit\": {\"at_s\": -2.5, \"code\": 3, \"signal\": null}, \"uid\": null}],"
		" \"groups\": [{\"id\": 0, \"members\": [\"T1\"]}], \"verdict\": {\"class\": \"TIMER\"}, \"schema\": 1}");
	const struct snap_process *p = SNAP_ROW(s, PROCESS, 0);
	const struct snap_thread *t = SNAP_ROW(s, THREAD, 1);

	assert_int_equal(p->pid, 7);
	assert_int_equal(p->name, STR_NONE);
	assert_int_equal(p->uid, SNAP_NONE);
	assert_int_equal(p->gid, SNAP_UNKNOWN);
	assert_int_equal(p->exit.presence, PRESENCE_HERE);
	assert_int_equal(p->exit.at_ns, -2500000000);
	assert_int_equal(p->exit.signal, SNAP_NONE);
	assert_int_equal(p->exit.reaped_by, NODE_UNKNOWN);
	assert_int_equal(SNAP_ROW(s, RUNTIME, 0)->name, STR_NONE);
	assert_int_equal(t->tid, 7);
	assert_int_equal(t->owner, NODE(TABLE_PROCESS, 0));
	assert_int_equal(t->call.presence, PRESENCE_NONE);
	assert_int_equal(t->stopped_ns, 1500);
	assert_int_equal(t->group, NODE(TABLE_GROUP, 0));
	assert_int_equal(t->activity, 0);
	assert_int_equal(SNAP_N(s, STACK), 1);
	assert_int_equal(SNAP_ROW(s, STACK, 0)->owner, NODE(TABLE_THREAD, 1));
	assert_int_equal(SNAP_ROW(s, STACK, 0)->complete, 1);
	assert_string_equal(snap_str(s, SNAP_ROW(s, FRAME, 0)->function), "f");
	assert_int_equal(SNAP_ROW(s, VERDICT, 0)->class, VERDICT_TIMER);
	snapshot_free(s);
}

static void refuses(void **state)
{
	const struct {
		const char *text, *why;
		int error;
	} bad[] = {
		{ "", "not a hangwatch report", -EBADMSG },
		{ "[]", "not a hangwatch report", -EBADMSG },
		{ "{\"processes\": []}", "not a hangwatch report", -EBADMSG },
		{ "{\"schema\": 1, \"processes\": []}", "has no processes", -EBADMSG },
		{ "{\"schema\": 2}", "schema 2", -EPROTONOSUPPORT },
		{ "{\"schema\": 1", "at byte 12: expected", -EBADMSG },
		{ "{\"schema\": 1} x", "expected the end", -EBADMSG },
		{ "{\"schema\": 1, \"processes\": {}}", "expected a list", -EBADMSG },
		{ "{\"schema\": 1, \"processes\": [{}]}",
		  "expected an object with an id of its kind", -EBADMSG },
		{ "{\"schema\": 1, \"processes\": [{\"id\": \"T0\"}]}", "an id of its kind",
		  -EBADMSG },
		{ "{\"schema\": 1, \"processes\": [{\"id\": \"P1\"}]}", "P0 is missing", -EBADMSG },
		{ "{\"schema\": 1, \"processes\": [{\"id\": \"P0\"}, {\"id\": \"P0\"}]}",
		  "not used before", -EBADMSG },
		{ "{\"schema\": 1, \"processes\": [{\"id\": \"P268435455\"}]}", "without holes",
		  -EBADMSG },
		{ "{\"schema\": 1, \"processes\": [{\"id\": \"P0\", \"pid\": \"7\"}]}", "a number",
		  -EBADMSG },
		{ "{\"schema\": 1, \"processes\": [{\"id\": \"P0\", \"parent\": \"P0\"}]}",
		  "ancestor", -EBADMSG },
		{ "{\"schema\": 1, \"processes\": [{\"id\": \"P0\"}], \"waits\": [{\"id\": \"W0\", \"from\": \"T4\"}]}",
		  "\"from\" is out of range", -EBADMSG },
		{ "{\"schema\": 1, \"processes\": [{\"id\": \"P0\"}], \"waits\": [{\"id\": \"W0\", \"from\": \"x\"}]}",
		  "an id such as", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct snapshot *s = NULL;
		char why[200] = "";

		assert_int_equal(snapshot_read(bad[i].text, strlen(bad[i].text), &s, why,
					       sizeof(why)),
				 bad[i].error);
		assert_null(s);
		if (!strstr(why, bad[i].why))
			fail_msg("\"%s\" does not say \"%s\"", why, bad[i].why);
	}
}

static void damaged_text_is_refused_or_consistent(void **state)
{
	struct strbuf text = { 0 };
	struct snapshot *s = any_snapshot();

	(void)state;
	write_to(&text, s, 0);
	snapshot_free(s);
	for (seed = 1; seed < 3000;) {
		uint64_t next = seed + 1;
		struct snapshot *copy = NULL;
		char why[200] = "", *damaged = malloc(text.n);

		memcpy(damaged, text.s, text.n);
		for (uint32_t n = any(4) + 1; n; n--)
			damaged[any((uint32_t)text.n)] = "{}[],:\"0PT-e\\"[any(13)];
		if (snapshot_read(damaged, any(3) ? text.n : any((uint32_t)text.n), &copy, why,
				  sizeof(why)) < 0)
			assert_int_not_equal(why[0], '\0');
		else
			assert_int_equal(snapshot_check(copy, why, sizeof(why)), 0);
		snapshot_free(copy);
		free(damaged);
		seed = next;
	}
	strbuf_done(&text);
}

static void derived_lists(void **state)
{
	struct strbuf text = { 0 };

	(void)state;
	struct snapshot *s = read_text(
		"{\"schema\": 1, \"capture\": {\"wall_ms\": 1}, \"processes\": [{\"id\": \"P0\", \"pid\": 7, \"threads\":"
		" [{\"id\": \"T0\", \"stopped_us\": 5}, {\"id\": \"T1\", \"stopped_us\": 9}],"
		" \"fds\": [{\"fd\": 3, \"resource\": \"R0\"}, {\"fd\": 5, \"resource\": \"R0\"}]},"
		" {\"id\": \"P1\", \"fds\": [{\"fd\": 3, \"resource\": \"R0\"}]}],"
		" \"resources\": [{\"id\": \"R0\", \"kind\": \"pipe\"}, {\"id\": \"R1\", \"holders_complete\": true}]}");
	write_to(&text, s, 0);
	const char *expected[] = {
		"\"stopped_us_by_pid\":{\"7\":9}",
		"\"holders\":[{\"process\":\"P0\",\"fds\":[3,5]},{\"process\":\"P1\",\"fds\":[3]}]",
		"{\"id\":\"R1\",\"holders\":[],",
	};
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (!strstr(strbuf_str(&text), expected[i]))
			fail_msg("no %s in %s", expected[i], strbuf_str(&text));
	snapshot_free(s);
	strbuf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_it_read),
		cmocka_unit_test(reads_values),
		cmocka_unit_test(refuses),
		cmocka_unit_test(damaged_text_is_refused_or_consistent),
		cmocka_unit_test(derived_lists),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
