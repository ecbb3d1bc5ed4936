/* SPDX-License-Identifier: MIT */
/*
 * stdio - cprintf() and snprintf(), for lab-5 sources: all of it is in ulib.h.
 */
#ifndef LAB5_STDIO_H
#define LAB5_STDIO_H

#include "ulib.h"

#endif
