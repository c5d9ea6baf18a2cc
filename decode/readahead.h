/*
 * Pages of the next process, read by the acquirer while this one is decoded.
 *
 * Forked children keep their objects where their parent had them: of 118 pages that the decoder
 * wants of each, 116 are those it wanted of the one before. One by one through /proc/PID/mem they
 * cost 1.7 µs each, half of all decoding; the acquirer, idle meanwhile, copies them with one
 * process_vm_readv(2), on another processor. Of most pages only an object or two are wanted: it
 * copies no more than the blocks that were touched, a ninth of the bytes.
 *
 * Which pages those are is a guess and nothing more: a page that was not foreseen is read as ever,
 * one too many is never looked at. What was read ahead counts only for a process that has stood
 * still since its looks (raw/run.h): whoever calls readahead_give() knows that.
 */
#ifndef HW_DECODE_READAHEAD_H
#define HW_DECODE_READAHEAD_H

#include "core/cleanup.h"
#include "decode/decode.h"

struct readahead;

/* *ret is NULL when the capture has no memory for it: then nothing is read ahead. 0 or -ENOMEM. */
int readahead_new(struct raw_capture *c, int sock, struct readahead **ret);
struct readahead *readahead_free(struct readahead *a);

/* Asks for the pages of a process that will be decoded after `current`, the one that is next. */
void readahead_ask(struct readahead *a, size_t current, size_t process);

/* Puts what was read ahead of this process, if it has come, into a page cache that is empty. */
void readahead_give(struct readahead *a, const struct decoded_process *p, struct memory *m);

/* Keeps in mind which pages of this process were wanted. */
void readahead_learn(struct readahead *a, const struct decoded_process *p, const struct memory *m);

#endif
