# The reader of Python processes without the rest of the program around it.

$(O)/tests/python/pyread: $(O)/tests/python/pyread.o $(O)/libhangwatch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(HW_CFLAGS) $(LDFLAGS) $(HW_LDFLAGS) $^ $(LIBS) -o $@

TEST_PROGRAMS += $(O)/tests/python/pyread
-include $(O)/tests/python/pyread.d
