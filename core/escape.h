/*
 * Foreign bytes made safe for a terminal, a page or the journal: control
 * characters, invalid UTF-8, and characters that reorder or hide text
 * (bidi controls, C1) become \xNN or \u{…}.
 */
#ifndef HW_CORE_ESCAPE_H
#define HW_CORE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes at most `cap` bytes (no NUL counted in the result, one is written when
 * there is room) and never half an escape. Returns the number of bytes written.
 */
size_t escape_text(char *to, size_t cap, const char *from, size_t n);

/* Whether a code point moves a cursor, reorders or hides text. */
bool escape_deceives(uint32_t c);

#endif
