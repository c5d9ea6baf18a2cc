/* hangwatch: finds the verb and hands the rest of the command line to it. */
#include <stdio.h>

#include "core/log.h"
#include "core/util.h"

int main(int argc, char **argv)
{
	if (argc == 2 && str_eq(argv[1], "--version")) {
		(void)printf("hangwatch %s\n", HANGWATCH_VERSION);
		return 0;
	}
	log_error("usage: hangwatch --version");
	return 2;
}
