/* Careful parsing of numbers; see parse.h. */
#include "core/parse.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/util.h"

static int digit(char c, int base)
{
	int d = c >= '0' && c <= '9'   ? c - '0'
		: c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10
				       : 99;
	return d < base ? d : -1;
}

bool scan_u64(const char **p, int base, uint64_t *ret)
{
	const char *s = *p;
	uint64_t v = 0;

	if (base == 16 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit(s[2], 16) >= 0)
		s += 2;
	if (digit(*s, base) < 0)
		return false;
	for (int d; (d = digit(*s, base)) >= 0; s++)
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	*p = s;
	*ret = v;
	return true;
}

bool scan_i64(const char **p, int64_t *ret)
{
	const char *s = *p;
	bool negative = *s == '-';
	uint64_t v;

	s += negative;
	if (!scan_u64(&s, 10, &v) || v > (uint64_t)INT64_MAX)
		return false;
	*p = s;
	*ret = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

bool scan_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

void scan_blanks(const char **p)
{
	while (**p == ' ' || **p == '\t')
		(*p)++;
}

const char *scan_key(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, key, n) == 0 && line[n] == ':') {
			const char *v = line + n + 1;
			scan_blanks(&v);
			return v;
		}
		if (!*line)
			break;
	}
	return NULL;
}

int parse_u64(const char *s, int base, uint64_t *ret)
{
	const char *p = s;
	uint64_t v;

	if (!scan_u64(&p, base, &v))
		return digit(*s, base) >= 0 ? -ERANGE : -EINVAL;
	if (*p)
		return -EINVAL;
	*ret = v;
	return 0;
}

int parse_pid(const char *s, pid_t *ret)
{
	uint64_t v;
	int r = parse_u64(s, 10, &v);

	if (r < 0)
		return r;
	/* PID_MAX_LIMIT is 2^22 (include/linux/threads.h), but any positive pid_t may be asked for.
	 */
	if (v == 0 || v > INT_MAX)
		return -ERANGE;
	*ret = (pid_t)v;
	return 0;
}

static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {
	{ "us", NSEC_PER_USEC },    { "ms", NSEC_PER_MSEC },      { "s", NSEC_PER_SEC },
	{ "m", 60 * NSEC_PER_SEC }, { "h", 3600 * NSEC_PER_SEC },
};

int parse_duration(const char *s, int64_t *ret_ns)
{
	const char *p = s;
	uint64_t whole, fraction_ppb = 0;

	if (!scan_u64(&p, 10, &whole))
		return digit(*s, 10) >= 0 ? -ERANGE : -EINVAL;
	if (scan_char(&p, '.')) {
		uint64_t scale = 100000000;
		if (digit(*p, 10) < 0)
			return -EINVAL;
		for (; digit(*p, 10) >= 0; p++, scale /= 10)
			fraction_ppb += (uint64_t)digit(*p, 10) * scale;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!str_eq(p, units[i].name))
			continue;
		/* A year is longer than anyone waits, and keeps every sum of durations in range. */
		if (whole > (uint64_t)(365 * 86400 * NSEC_PER_SEC / units[i].ns))
			return -ERANGE;
		*ret_ns = (int64_t)whole * units[i].ns +
			  (int64_t)((double)fraction_ppb / 1e9 * (double)units[i].ns);
		return 0;
	}
	return -EINVAL;
}
