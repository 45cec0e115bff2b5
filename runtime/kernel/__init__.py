"""The only room that speaks to libc and writes kernel files. No policy here: one call, one function, one error."""
