# SPDX-License-Identifier: MIT
"""The laboratory: boot ucow, watch it, judge it.

machine   boots a kernel in QEMU and collects what is left of it
quoting   makes words for QEMU and the kernel of any file's name
pages     reads page tables; stacks finds frames; inspect answers questions about processes
recording is a file that repeats a run
qmp       talks to a living QEMU
children  starts all child processes and makes all scratch folders, and ends them with the tool
pools     are threads and processes for the jobs of a tool
memory    reads guest memory: from a file, a core or a living machine
symbols   knows where things are in a kernel's ELF file
trace     decodes the ring of events; chrome and rows export it
strace    prints system calls
enums     are the enumerations that include/ucow/enums.def declares
serial    is the serial output, with assertions
invariants  are what every trace must obey; protocol is one more, made from the model
shard     is a part of a search on many machines
spin      has SPIN search the model of the protocol
verdict   says what is wrong with a run
mutants   are the kernel's sources changed in one place; mutation plants, builds and tests them
"""

import os
import sys

# The regression suite keeps compiled modules in the build directory, and none among the sources. Set here, not by
# PYTHONPYCACHEPREFIX: the interpreter's own modules are compiled already, elsewhere.
if "UCOW_PYCACHE" in os.environ:
    sys.pycache_prefix, sys.dont_write_bytecode = os.environ["UCOW_PYCACHE"], False


class LabError(Exception):
    """Something the user can put right: the text is one sentence that says how."""
