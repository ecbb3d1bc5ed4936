/* SPDX-License-Identifier: MIT */
/*
 * error - the error numbers E_xxx, for lab-5 sources: all of it is in ulib.h.
 */
#ifndef LAB5_ERROR_H
#define LAB5_ERROR_H

#include "ulib.h"

#endif
