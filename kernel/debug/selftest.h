/*
 * selftest - mistakes on request: `selftest=NAME` on the kernel's command line.
 *
 * So that tests, and people, can see what the kernel does about a mistake of its own.
 */
#ifndef DEBUG_SELFTEST_H
#define DEBUG_SELFTEST_H

struct selftest {
    const char *name;
    void (*make)(void);    /* makes the mistake; returns only if the kernel can live with it for now */
    struct selftest *next; /* (selftest's own) */
};

/* Offer a mistake, for ever. */
void selftest_add(struct selftest *mistake);

/* Remember which one to make. */
void selftest_want(const char *name);

/* Make it, if one is wanted; in process context. An unknown name is said, with those there are. */
void selftest_run(void);

#endif
