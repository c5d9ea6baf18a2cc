/* What a person would chase first and need not, with the reason. */
#ifndef HW_ANALYSIS_RULED_OUT_H
#define HW_ANALYSIS_RULED_OUT_H

#include "analysis/rules/rule.h"

int ruled_out_derive(struct analysis *a, uint32_t verdict, const struct claim *c,
		     const struct finding *f);

#endif
