# SPDX-License-Identifier: MIT
"""plang: small programs of processes that must come to the same in every kernel (docs/plang.md)."""
