/*
 * config - the build options as the host tests see them: every check on, nothing recorded.
 */
#ifndef CONFIG_H
#define CONFIG_H

#ifndef CONFIG_COW
#define CONFIG_COW 1
#endif
#ifndef CONFIG_DEBUG_CHECKS /* a subject may say otherwise in meson.build */
#define CONFIG_DEBUG_CHECKS 1
#endif
#ifndef CONFIG_SWAP
#define CONFIG_SWAP 0
#endif
#ifndef CONFIG_INJECT
#define CONFIG_INJECT 0
#endif
#define CONFIG_TRACE 0
#define CONFIG_RACES 0
#define CONFIG_KCFI 0
#define CONFIG_KSTACK_PAGES 1
#define CONFIG_KASAN 0
#define CONFIG_UBSAN 0
#define CONFIG_STACK_PROTECTOR 0
#define CONFIG_INSTRUMENTED 0

#endif
