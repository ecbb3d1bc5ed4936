/* SPDX-License-Identifier: MIT */
/* silent - prints nothing, and exits with the status of a good run. */
.include "sabotage.inc"
    leave_with 0x10
