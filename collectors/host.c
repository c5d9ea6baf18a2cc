/* The machine: kernel, processors, load, pressure stall information, boot id. Once per capture. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"

/* "some avg10=0.12 …": the share of the last ten seconds in which some task waited, in thousandths
 * of a percent. */
static int64_t pressure(const char *what)
{
	char path[64], text[512];
	uint64_t whole, hundredths;

	(void)snprintf(path, sizeof(path), "/proc/pressure/%s", what);
	if (fs_read(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return SNAP_UNKNOWN; /* CONFIG_PSI off, or psi=0 on the kernel's command line */
	const char *p = strstr(text, "some avg10=");
	if (!p)
		return SNAP_UNKNOWN;
	p += strlen("some avg10=");
	if (!scan_u64(&p, 10, &whole) || !scan_char(&p, '.') || !scan_u64(&p, 10, &hundredths))
		return SNAP_UNKNOWN;
	return (int64_t)(whole * 1000 + hundredths * 10);
}

static void load(struct builder *b, struct snap_host *h)
{
	char text[128];

	if (fs_read(AT_FDCWD, "/proc/loadavg", text, sizeof(text)) <= 0)
		return;
	/* The first three of "0.20 0.18 0.12 1/80 11206". */
	char *end = text;
	for (int k = 0; k < 3 && end; k++)
		end = strchr(end + 1, ' ');
	if (end)
		*end = '\0';
	h->load = builder_str(b, text);
}

static void host(struct raw_capture *c)
{
	struct snap_host *h = &c->b->s->head.host;
	struct utsname u;
	char id[64];

	h->presence = PRESENCE_HERE;
	if (uname(&u) == 0) {
		h->kernel = builder_str(c->b, u.release);
		h->hostname = builder_str(c->b, u.nodename);
	}
	h->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	load(c->b, h);
	h->pressure = (struct snap_pressure){ .presence = PRESENCE_HERE,
					      .cpu_some = pressure("cpu"),
					      .io_some = pressure("io"),
					      .memory_some = pressure("memory") };
	if (!snap_known(h->pressure.cpu_some) && !snap_known(h->pressure.memory_some))
		h->pressure.presence = PRESENCE_UNKNOWN;
	if (fs_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, sizeof(id)) > 0) {
		id[strcspn(id, "\n")] = '\0';
		h->boot_id = builder_str(c->b, id);
	}
}

const struct collector collector_host = { .name = "host", .host = host };
