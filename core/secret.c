/*
 * Names of secrets; see secret.h.
 *
 * A name is judged by its letters, not by its value: what a value means cannot be seen, and a list
 * of what real secrets look like is always one format behind. Long words count wherever they stand
 * ("dbpassword"). Short ones would hide half a program ("monkey", "author"), so they count only as
 * a whole word of the name, as underscores and capitals divide it. Better one loop variable `key`
 * too many hidden than one key shown.
 */
#include "core/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/util.h"

static const char *const anywhere[] = {
	"password",   "passwd", "passphrase", "passcode",      "secret", "token",
	"credential", "apikey", "privatekey", "authorization", "cookie", "bearer",
};

static const char *const whole[] = {
	"key", "keys", "pass", "pwd", "pw", "auth", "private", "jwt", "pin", "otp", "salt", "csrf",
};

static bool contains(const char *name, const char *word, size_t n)
{
	for (; *name; name++)
		if (strncasecmp(name, word, n) == 0)
			return true;
	return false;
}

/* Where the word that begins at `p` ends: at no letter or digit, or where a capital follows a small
 * letter. */
static const char *word_end(const char *p)
{
	const char *at = p;

	while (isalpha((unsigned char)*at) &&
	       !(at > p && isupper((unsigned char)*at) && islower((unsigned char)at[-1])))
		at++;
	return at;
}

static bool is_whole(const char *p, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		if (strlen(whole[i]) == n && strncasecmp(whole[i], p, n) == 0)
			return true;
	return false;
}

static bool has_whole_word(const char *name)
{
	while (*name) {
		const char *end = word_end(name);

		if (end > name && is_whole(name, (size_t)(end - name)))
			return true;
		name = end > name ? end : end + 1;
	}
	return false;
}

static bool has_more(const char *name, const char *more)
{
	while (more && *more) {
		size_t n = strcspn(more, ",");

		if (n && contains(name, more, n))
			return true;
		more += n + (more[n] == ',');
	}
	return false;
}

bool secret_name(const char *name, const char *more)
{
	for (size_t i = 0; i < ARRAY_SIZE(anywhere); i++)
		if (contains(name, anywhere[i], strlen(anywhere[i])))
			return true;
	return has_whole_word(name) || has_more(name, more);
}
