# A 32-bit program that sleeps in pause, which is call 29 there and shmget's number elsewhere. For tests/test_acquire.py.
	.globl _start
_start:
	mov $4, %eax
	mov $1, %ebx
	mov $ready, %ecx
	mov $6, %edx
	int $0x80
sleep:
	mov $29, %eax
	int $0x80
	jmp sleep

	.section .rodata
ready:
	.ascii "READY\n"
