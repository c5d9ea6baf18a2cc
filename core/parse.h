/*
 * Numbers and durations from text that may be anything. Nothing here accepts
 * signs, blanks or trailing bytes that the caller did not ask for.
 */
#ifndef HW_CORE_PARSE_H
#define HW_CORE_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The whole string is one number: 0, -EINVAL or -ERANGE. */
int parse_u64(const char *s, int base, uint64_t *ret);
int parse_pid(const char *s, pid_t *ret);

/* "500ms", "8s", "2m", "1.5s", "250us", "1h"; a bare number is refused. 0, -EINVAL or -ERANGE. */
int parse_duration(const char *s, int64_t *ret_ns);

/*
 * A cursor over kernel text: each takes its piece at *p, moves *p behind it
 * and returns true; on mismatch nothing moves.
 */
bool scan_u64(const char **p, int base, uint64_t *ret);
bool scan_i64(const char **p, int64_t *ret);
bool scan_char(const char **p, char c);
void scan_blanks(const char **p);

/*
 * The text after "KEY:" (blanks skipped) of a file made of "Key:\tvalue" lines, such as
 * /proc/PID/status or fdinfo; NULL when there is no such line. Points into `text`.
 */
const char *scan_key(const char *text, const char *key);

#endif
