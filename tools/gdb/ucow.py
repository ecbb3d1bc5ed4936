# SPDX-License-Identifier: MIT
"""GDB commands for ucow: list processes, memory regions and saved registers.

`tools/run --gdb exit` waits for a debugger, and prints the command that starts one with these commands.

Commands: ucow-ps, ucow-vmas [PID], ucow-frame [PID]. The machine must be stopped.
"""
import gdb

RIGHTS = ((1, "r"), (2, "w"), (4, "x"), (8, "s"))


def children(proc):
    """The children of a process, living and zombie, the youngest first."""
    kind = gdb.lookup_type("struct proc")
    offset = next(field.bitpos // 8 for field in kind.fields() if field.name == "sibling")
    for name in ("children", "zombies"):
        node = proc[name]["next"]
        while node != proc[name].address:
            yield gdb.Value(int(node) - offset).cast(kind.pointer())
            node = node["next"]


def build_id(source):
    """The words of the kernel's build id as GDB prints them, from the machine or from the kernel's file."""
    gdb.execute(f"set trust-readonly-sections {'on' if source == 'file' else 'off'}")
    try:
        return gdb.execute("x/9xw &kernel_build_id", to_string=True)
    finally:
        gdb.execute("set trust-readonly-sections off")


def require_same_kernel():
    """Stop with a sentence unless the machine runs the kernel whose file GDB has read: their build ids are equal."""
    if build_id("machine") != build_id("file"):
        raise gdb.GdbError("the machine runs another kernel than the file that GDB has read, or has not loaded it yet")


def processes(proc=None):
    """Idle and all its descendants, or `proc` and all its descendants."""
    if proc is None:
        require_same_kernel()
        proc = gdb.parse_and_eval("boot_cpu.idle")
    yield proc
    for child in children(proc):
        yield from processes(child)


def find(argument):
    """The process whose pid is `argument`; the current process if it is empty."""
    if not argument:
        require_same_kernel()
        return gdb.parse_and_eval("boot_cpu.current")
    pid = int(gdb.parse_and_eval(argument))
    for proc in processes():
        if int(proc["pid"]) == pid:
            return proc
    raise gdb.GdbError(f"there is no process {pid}: see ucow-ps")


class Command(gdb.Command):
    """A command named after its class, described by its docstring."""

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        """Run the command; what cannot be read is one sentence."""
        try:
            if int(gdb.parse_and_eval("boot_cpu.current")) == 0:
                raise gdb.GdbError(f"{self.name}: the kernel has no process yet: continue until it has booted")
            if len(argument.split()) > self.arguments:
                raise gdb.GdbError(f"{self.name} takes {'one pid' if self.arguments else 'no argument'}: "
                                   f"see help {self.name}")
            self.show(argument.strip())
        except (gdb.error, RuntimeError) as error:
            raise gdb.GdbError(f"{self.name}: {error}: is a machine connected, with the kernel that GDB has read, "
                               "and has it booted?") from None


class Ps(Command):
    """ucow-ps: every process, its parent, state and name."""
    name, arguments = "ucow-ps", 0

    def show(self, argument):
        print("  PID PARENT STATE     NAME")
        for proc in processes():
            parent = int(proc["parent"]["pid"]) if int(proc["parent"]) else 0
            state = str(proc["state"]).removeprefix("PROC_")
            mark = "*" if proc == gdb.parse_and_eval("boot_cpu.current") else " "
            print(f"{mark}{int(proc['pid']):4} {parent:6} {state:9} {proc['name'].string()}")


class Vmas(Command):
    """ucow-vmas [PID]: the regions of a process's memory, the current one's without PID."""
    name, arguments = "ucow-vmas", 1

    def show(self, argument):
        proc = find(argument)
        if not int(proc["mm"]):
            raise gdb.GdbError(f"process {int(proc['pid'])} has no user memory")
        self.show_tree(proc["mm"]["vmas"]["root"]["node"])

    def show_tree(self, node):
        if not int(node):
            return
        self.show_tree(node["child"][0])
        vma = node.cast(gdb.lookup_type("struct vma").pointer())  # the node is the first member
        flags = "".join(letter if int(vma["flags"]) & bit else "-" for bit, letter in RIGHTS)
        print(f"  {int(vma['start']):08x}-{int(vma['end']):08x} {flags} {'file' if int(vma['object']) else 'zeros'}")
        self.show_tree(node["child"][1])


class Frame(Command):
    """ucow-frame [PID]: the registers a process had when it entered the kernel."""
    name, arguments = "ucow-frame", 1

    def show(self, argument):
        proc = find(argument)
        frame = gdb.lookup_type("struct trapframe")
        stack_bytes = int(gdb.parse_and_eval("cpu_tss.esp0 - boot_cpu.current->kstack"))
        top = int(proc["kstack"]) + stack_bytes
        print(gdb.Value(top - frame.sizeof).cast(frame.pointer()).dereference())


Ps()
Vmas()
Frame()
