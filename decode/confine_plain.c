/* Confinement of an ordinary build: nothing but what decoding needs; see confine.h. */
#include "decode/confine.h"

const struct confine_variant confine_variant = {
	.bounded_memory = true,
	.silent = true,
};
