/*
 * Escaping of foreign text; see escape.h. A process may name itself with
 * terminal escapes, right-to-left overrides or broken UTF-8; a report must
 * neither obey them nor hide that they are there.
 */
#include "core/escape.h"

#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

bool escape_deceives(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||       /* C0, DEL, C1 */
	       c == 0x061c || c == 0x200e || c == 0x200f || /* marks of direction */
	       (c >= 0x2028 && c <= 0x202e) ||              /* line separators, overrides */
	       (c >= 0x2066 && c <= 0x2069) ||              /* isolates */
	       c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

size_t escape_text(char *to, size_t cap, const char *from, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n;) {
		size_t len = utf8_sequence(from + i, n - i);
		uint32_t c = len ? utf8_decode(from + i, len) : 0;
		char esc[16];
		const char *piece = from + i;
		size_t piece_len = len;

		if (!len || (c < 0x80 && escape_deceives(c))) {
			piece_len = (size_t)snprintf(esc, sizeof(esc), "\\x%02x",
						     (unsigned char)from[i]);
			piece = esc;
			len = 1;
		} else if (escape_deceives(c)) {
			piece_len = (size_t)snprintf(esc, sizeof(esc), "\\u{%x}", c);
			piece = esc;
		}
		if (out + piece_len > cap)
			break;
		memcpy(to + out, piece, piece_len);
		out += piece_len;
		i += len;
	}
	if (out < cap)
		to[out] = '\0';
	return out;
}
