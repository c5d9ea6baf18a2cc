# The reader of Python processes without the rest of the program around it.

PYREAD_WRAPPED := memory_read memory_read_u8 memory_read_u16 memory_read_u32 memory_read_u64 memory_read_text \
		  cpython_layout_for

$(O)/tests/python/pyread: $(O)/tests/python/pyread.o $(O)/tests/python/record.o $(O)/libhangwatch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(HW_CFLAGS) $(LDFLAGS) $(HW_LDFLAGS) $(PYREAD_WRAPPED:%=-Wl,--wrap=%) $^ $(LIBS) -o $@

TEST_PROGRAMS += $(O)/tests/python/pyread
-include $(O)/tests/python/pyread.d $(O)/tests/python/record.d

# On every interpreter that tests/python/envs.py has made: takes long. MATRIX_ARGS="--only sid-3.13t".
matrix: $(O)/tests/python/pyread
	$(Q)O=$(O) $(PYTHON) tests/python/matrix.py docs/MATRIX.md $(MATRIX_ARGS)

.PHONY: matrix
