/* SPDX-License-Identifier: MIT */
/*
 * string - memory and string functions, for lab-5 sources: all of it is in ulib.h.
 */
#ifndef LAB5_STRING_H
#define LAB5_STRING_H

#include "ulib.h"

#endif
