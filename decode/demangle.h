/*
 * Names as people write them: C++ (Itanium ABI) and Rust (legacy and v0) symbols demangled.
 *
 * By libiberty, which is linked statically: GCC's and binutils' own demangler, it knows Rust too,
 * bounds its recursion for hostile names, and brings no C++ run-time into this program.
 */
#ifndef HW_DECODE_DEMANGLE_H
#define HW_DECODE_DEMANGLE_H

/* On the heap; NULL when the name is not mangled (or memory is out). */
char *demangle(const char *name);

#endif
