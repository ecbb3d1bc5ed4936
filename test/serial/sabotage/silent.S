/* SPDX-License-Identifier: MIT */
/* silent - the status is right, and nothing was ever printed. */
.include "sabotage.inc"
    leave_with 0x10
