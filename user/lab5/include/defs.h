/* SPDX-License-Identifier: MIT */
/*
 * defs - types, NULL and rounding, for lab-5 sources: all of it is in ulib.h.
 */
#ifndef LAB5_DEFS_H
#define LAB5_DEFS_H

#include "ulib.h"

#endif
