/*
 * Programs in which a caught signal is known not to mean "say what you are doing". To catch a
 * signal does not prove that it is harmless; this is the list of those who are known to do
 * something else with it. From the programs' own manuals.
 */
#include "acquire/signal_meanings.h"

#include <fnmatch.h>
#include <signal.h>

#include "core/util.h"

static const struct {
	int signal;
	const char *program; /* glob over the base name of the executable or the process name */
	const char *meaning;
} meanings[] = {
	{ SIGUSR1, "node*", "it opens Node's inspector port" },
	{ SIGUSR1, "bun", "it opens the inspector port" },
	{ SIGUSR1, "haproxy", "it is HAProxy's soft stop" },
	{ SIGUSR1, "apache2", "it is Apache's graceful restart" },
	{ SIGUSR1, "httpd", "it is Apache's graceful restart" },
	{ SIGUSR1, "redis-*", "it makes a saving child of redis end its work" },
	{ SIGUSR1, "valkey-*", "it makes a saving child of valkey end its work" },
	{ SIGUSR1, "postgres", "it is PostgreSQL's own signal between its processes" },
	{ SIGUSR2, "postgres", "it is PostgreSQL's own signal between its processes" },
	{ SIGUSR1, "nginx", "it reopens nginx's log files" },
	{ SIGUSR2, "nginx", "it starts an upgrade of nginx's executable" },
	{ SIGUSR1, "php-fpm*", "it reopens php-fpm's log files" },
	{ SIGUSR2, "php-fpm*", "it reloads php-fpm" },
	{ SIGUSR1, "puma*", "it restarts puma's workers" },
	{ SIGUSR2, "puma*", "it restarts puma" },
	{ SIGUSR1, "unicorn*", "it reopens unicorn's log files" },
	{ SIGUSR2, "unicorn*", "it replaces unicorn's executable" },
	{ SIGUSR1, "gunicorn*", "it reopens gunicorn's log files" },
	{ SIGUSR2, "gunicorn*", "it replaces gunicorn's executable" },
	{ SIGUSR1, "uwsgi*", "it prints statistics or restarts, as configured" },
	{ SIGUSR1, "lighttpd", "it is lighttpd's graceful restart" },
	{ SIGUSR1, "systemd", "it reconnects systemd to the bus" },
	{ SIGUSR1, "tmux*", "it makes tmux recreate its socket" },
	{ SIGUSR1, "cupsd", "it is unused and may end it" },
	{ SIGUSR1, "NetworkManager", "it rewrites the resolver's configuration" },
	{ SIGUSR2, "mariadbd", "it is reserved" },
	{ SIGHUP, "*", "it usually means end of the terminal, or reload" },
	{ SIGTERM, "*", "it asks the program to end" },
	{ SIGINT, "*", "it asks the program to end" },
};

const char *signal_meaning(int signal, const char *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (meanings[i].signal == signal && fnmatch(meanings[i].program, program, 0) == 0)
			return meanings[i].meaning;
	return NULL;
}
