/* A set of places and when they were seen; see turns.h. */
#include "decode/turns.h"

void turns_add(struct turns *t, uint64_t place)
{
	unsigned i = 0;

	if (t->looks == TURNS_MAX)
		return;
	while (i < t->n && t->v[i].place != place)
		i++;
	if (i == t->n) {
		t->v[t->n].place = place;
		t->v[t->n].first = t->looks;
		t->v[t->n++].n = 0;
	}
	t->v[i].n++;
	t->looks++;
}

/* It is one of the few places that were seen most often. */
static bool is_main(const struct turns *t, unsigned place)
{
	unsigned before = 0;

	for (unsigned i = 0; i < t->n && before < TURNS_FEW; i++)
		before += t->v[i].n > t->v[place].n || (t->v[i].n == t->v[place].n && i < place);
	return before < TURNS_FEW;
}

enum turning_kind turns_decide(const struct turns *t, bool garbled, bool last)
{
	unsigned half = t->looks / 2, again = 0, main = 0, late = 0, stray = 0;

	for (unsigned i = 0; i < t->n; i++) {
		bool is_late = t->v[i].first >= half, repeated = t->v[i].n > 1;
		again += repeated;
		late += is_late;
		if (repeated && !is_late && is_main(t, i))
			main++;
		else
			stray += t->v[i].n;
	}
	/* Of eight places that are equally frequent 24 looks miss one in three times of a hundred;
	 * of fewer places, fewer looks. */
	if (t->looks >= (last ? 8 + 2 * main : TURNS_MIN) &&
	    stray <= t->looks / (garbled ? TURNS_GARBLED : TURNS_STRAY))
		return TURNING_REPEATS;
	/* What is garbled is new, too, and the parts of a loop make many wrong wholes. */
	unsigned seldom = t->looks >= TURNS_SURE && !garbled ? 4 : 2;
	unsigned many = garbled ? 2 * TURNS_MANY : TURNS_MANY;
	if (t->looks >= (last ? TURNS_MIN : TURNS_SURE) &&
	    (late * seldom >= t->looks - half || again > many))
		return TURNING_VARIES;
	return TURNING_OPEN;
}

struct turning turns_end(const struct turns *t, bool garbled, int64_t span_ns)
{
	struct turning r = {
		.kind = turns_decide(t, garbled, true),
		.looks = t->looks,
		.span_ns = span_ns,
	};
	unsigned most = 0;

	for (unsigned i = 0; i < t->n; i++) {
		r.places += r.kind != TURNING_REPEATS || (t->v[i].n > 1 && is_main(t, i));
		if (t->v[i].n > most) {
			most = t->v[i].n;
			r.place = t->v[i].place;
		}
	}
	return r;
}
