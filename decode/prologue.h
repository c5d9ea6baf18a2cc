/* What the beginning of a function tells of its frame. x86-64. */
#ifndef HW_DECODE_PROLOGUE_H
#define HW_DECODE_PROLOGUE_H

#include <stddef.h>
#include <stdint.h>

/*
 * How much stack a function takes for its locals once it has set its frame pointer, as read from
 * its first bytes: what it subtracts from the stack pointer there. More than one when bytes that
 * mean something else look like it; {0} when it subtracts nothing. Returns how many, 0 when it does
 * not begin by setting a frame pointer.
 */
size_t prologue_sizes(const uint8_t *code, size_t n, uint32_t *to, size_t max);

#endif
