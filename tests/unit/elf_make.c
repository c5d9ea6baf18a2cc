/* Makes ELF files for tests; see elf_make.h. */
#include <stdlib.h>
#include <string.h>

#include "core/strbuf.h"
#include "elf_make.h"

static void pad(struct strbuf *b, size_t to)
{
	while (b->n % to)
		strbuf_add_char(b, 0);
}

uint8_t *elf_make(const struct make_section *sections, size_t n, size_t *ret_n)
{
	struct strbuf file = { 0 }, names = { 0 };
	Elf64_Ehdr h = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (uint16_t)(n + 2),
		.e_shstrndx = (uint16_t)(n + 1),
	};
	Elf64_Phdr p = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x1000 };
	Elf64_Shdr *table = calloc(n + 2, sizeof(*table));

	strbuf_add_bytes(&file, &h, sizeof(h));
	strbuf_add_bytes(&file, &p, sizeof(p));
	strbuf_add_char(&names, 0);
	for (size_t i = 0; i < n; i++) {
		const struct make_section *s = &sections[i];

		pad(&file, 16);
		table[i + 1] = (Elf64_Shdr){
			.sh_name = (uint32_t)names.n,
			.sh_type = s->type,
			.sh_flags = s->flags,
			.sh_addr = s->address,
			.sh_offset = file.n,
			.sh_size = s->n,
			.sh_link = s->link,
		};
		strbuf_add_bytes(&names, s->name, strlen(s->name) + 1);
		if (s->type != SHT_NOBITS)
			strbuf_add_bytes(&file, s->bytes, s->n);
	}
	table[n + 1] =
		(Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = file.n, .sh_size = names.n };
	strbuf_add_bytes(&file, names.s, names.n);
	pad(&file, 16);
	h.e_shoff = file.n;
	strbuf_add_bytes(&file, table, (n + 2) * sizeof(*table));
	p.p_filesz = p.p_memsz = file.n;
	memcpy(file.s, &h, sizeof(h));
	memcpy(file.s + sizeof(h), &p, sizeof(p));

	uint8_t *bytes = malloc(file.n);
	memcpy(bytes, file.s, file.n);
	*ret_n = file.n;
	free(table);
	strbuf_done(&file);
	strbuf_done(&names);
	return bytes;
}
