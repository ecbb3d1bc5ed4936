# SPDX-License-Identifier: MIT
"""GDB commands for ucow: ucow-ps, ucow-bt, ucow-pte and so on, from tools/ucow/inspect.py; ucow-back, ucow-event.

`tools/run --gdb exit` waits for a debugger, and prints the command that starts one with these commands. The machine must
be stopped. The symbols of a program are loaded when a process with its name runs.
"""
import os
import re
import sys
from contextlib import suppress
from pathlib import Path

import gdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

from ucow import LabError  # noqa: E402
from ucow.inspect import WORDS, answer, process_of  # noqa: E402
from ucow.machine import symbols_of  # noqa: E402
from ucow.moment import place_of  # noqa: E402
from ucow.pages import Guest  # noqa: E402
from ucow.stacks import LINEAR_BYTES, current, outside, program_file  # noqa: E402
from ucow.symbols import KERNBASE  # noqa: E402
from ucow.trace import AT_ONCE, Event, Format, need_trace, read_trace  # noqa: E402

# Where a process is when the event happens to it.
EVENTS = {"fork": "do_fork", "fault": "do_pgfault", "switch": "switch_to", "exit": "do_exit", "exec": "do_execve",
          "kill": "do_kill"}
AT_END = "The run ends here; ucow-back exit goes back to the last exit."
NO_MACHINE = "no machine is connected; one that has ended is started again by tools/run"
NOT_BOOTED = "the kernel's memory is not mapped (continue, or use ucow-event fork): is it the kernel that GDB has read, and has it booted?"


class DebuggerMemory:
    """Physical memory, as the kernel has mapped it."""

    def read(self, address: int, size: int) -> bytes:
        if not 0 <= address <= address + size <= LINEAR_BYTES:
            raise LabError(f"the kernel has not mapped the physical address {address:#x}")
        try:
            return bytes(gdb.selected_inferior().read_memory(KERNBASE + address, size))
        except gdb.error:
            raise LabError(NOT_BOOTED) from None

    def close(self):
        pass


def kernel() -> Path:
    """The kernel's file that GDB has read."""
    name = gdb.current_progspace().filename
    if not name:
        raise LabError("GDB has read no kernel: start it as tools/run --gdb says")
    return Path(name).resolve()


def guest() -> Guest:
    """The machine, once the kernel has its first process."""
    if not gdb.selected_thread():
        raise LabError(NO_MACHINE)
    found = Guest.of(DebuggerMemory(), kernel())
    if not found.processes:
        raise LabError("the kernel has no process yet: continue until it has booted")
    return found


class Command(gdb.Command):
    """A command whose mistakes and missing machines are one sentence."""

    def __init__(self, name: str, doc: str):
        self.__doc__ = f"{name} {doc}"
        self.name = name
        super().__init__(name, gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        try:
            self.run(argument.split())
        except LabError as error:
            raise gdb.GdbError(f"{self.name}: {error}") from None
        except (gdb.error, OSError, RuntimeError, ModuleNotFoundError) as error:
            raise gdb.GdbError(f"{self.name}: {error}; has the machine booted, and not ended?") from None


def running_frames() -> str:
    """GDB's backtrace, with the name of the function in which the kernel was entered."""
    found, frame = gdb.execute("backtrace 40", to_string=True), gdb.newest_frame()
    while frame and frame.type() != gdb.SIGTRAMP_FRAME:
        frame = frame.older()
    if frame:
        sal = frame.find_sal()
        place = f" at {sal.symtab.filename}:{sal.line}" if sal.symtab else ""
        name = gdb.execute(f"info symbol {frame.pc():#x}", to_string=True).split()[0]
        found = found.replace("<signal handler called>", f"{frame.pc():#010x} in {name} (){place}")
    return found


def address_of(word: str) -> str:
    """The address that a word or an expression such as $esp means."""
    try:
        return hex(int(gdb.parse_and_eval(word)) & 0xFFFFFFFF)
    except gdb.error:
        return word  # which is refused as any other


class Question(Command):
    """A question of tools/ucow/inspect.py. Of the process that runs, GDB itself knows the frames."""

    def __init__(self, word: str):
        self.word = word
        super().__init__(f"ucow-{word}", WORDS[word].answer.__doc__)

    def run(self, words):
        machine = guest()
        if self.word == "bt" and len(words) < 2 and process_of(machine, *words or [""]).address == current(machine):
            print(running_frames(), end="")
            return
        if self.word == "pte" and words:
            words[0] = address_of(words[0])
        try:
            for line in answer(machine, self.word, words):
                print(line)
        except LabError as error:
            raise LabError(str(error).replace("used as: ", "used as: ucow-")) from None


def instruction_count() -> int:
    """How many instructions a replay has executed."""
    found = re.search(r"instruction count = (\d+)", gdb.execute("monitor info replay", to_string=True))
    if not found:
        raise LabError("this machine is no replay: use tools/run --record FILE, and then tools/run --replay FILE --gdb")
    return int(found[1])


class Back(Command):
    """Steps backwards to an event, with all other breakpoints disabled."""

    def __init__(self):
        super().__init__("ucow-back", f"EVENT [PID]: go back to the last {', '.join(EVENTS)}, of process PID or any.")

    def run(self, words):
        if len(words) not in (1, 2) or words[0] not in EVENTS or not all(word.isdecimal() for word in words[1:]):
            raise LabError(f"it is used as: ucow-back EVENT [PID]; the events are {' '.join(EVENTS)}")
        if not gdb.selected_thread():
            raise LabError(NO_MACHINE)
        instruction_count()
        self.look_for(words[0], words[1:])
        others = [point for point in gdb.breakpoints() if point.enabled]
        for point in others:
            point.enabled = False
        here = gdb.Breakpoint(EVENTS[words[0]], internal=True)
        here.silent = True
        if words[1:]:
            here.condition = f"boot_cpu.current && boot_cpu.current->pid == {words[1]}"
        try:
            gdb.execute("reverse-continue", to_string=True)
            found = here.hit_count > 0
        finally:
            here.delete()
            for point in others:
                point.enabled = True
        if not found:
            raise LabError(f"there is no {' of process '.join(words)} before: the replay is at its beginning again")
        pid = gdb.parse_and_eval("boot_cpu.current->pid")
        print(f"{words[0]} in process {pid} {gdb.parse_and_eval('boot_cpu.current->name').string()}, "
              f"at instruction {instruction_count()}")
        gdb.execute("frame")


    @staticmethod
    def look_for(event: str, pid: list[str]):
        """Raise LabError if the trace tells that there is no such event before: then the machine stays where it is."""
        machine = guest()
        try:
            trace = read_trace(machine.memory, machine.symbols)
        except LabError:  # there is none
            return
        if not trace.lost and not any(not pid or record.cpu_pid == int(pid[0]) for record in trace.of(event)):
            raise LabError(f"there is no {' of process '.join([event, *pid])} before this instruction")


class AtEvent(gdb.Breakpoint):
    """Stops at the n-th event of a kind, counted from the start of the machine."""

    def __init__(self, kind: Event, number: int, nth: int):
        self.place, self.value, self.left, self.last = place_of(kind), number, nth, recorded_count()
        if self.place.watched:
            super().__init__("*(unsigned *)&trace_ring.next", type=gdb.BP_WATCHPOINT, wp_class=gdb.WP_WRITE, internal=True)
        else:
            super().__init__(f"*{self.place.function}", internal=True)
        self.silent = True

    def stop(self):
        self.left = max(0, self.left - self.happened())
        return self.left == 0

    def happened(self) -> int:
        """How often since the last look: several events may be recorded at once."""
        if not self.place.recorded:
            return not self.place.shared or int(gdb.selected_frame().read_var("event")) == self.value
        first, self.last = self.last, recorded_count()
        return sum(int(gdb.parse_and_eval(f"trace_records[{i} & trace_index_mask].event")) == self.value
                   for i in range(max(first, self.last - AT_ONCE), self.last))


def recorded_count() -> int:
    """How many events the machine has recorded; none before it has booted."""
    try:
        return int(gdb.parse_and_eval("trace_ring.next"))
    except gdb.error:
        return 0


def is_off() -> bool:
    """Whether a machine that has booted does not record events."""
    with suppress(LabError, gdb.error):
        guest()
        return int(gdb.parse_and_eval("trace_ring.on")) == 0
    return False


class UntilEvent(Command):
    """Runs the machine to an event, with all other breakpoints disabled."""

    def __init__(self):
        super().__init__("ucow-event", "KIND [N], or KIND:N: continue to the N-th event of a kind, counted from here; to the next without N.")

    def run(self, words):
        words = [part for word in words for part in word.split(":")]  # as for tools/run --event
        if len(words) not in (1, 2) or not all(re.fullmatch("0*[1-9][0-9]{0,8}", word) for word in words[1:]):
            raise LabError("it is used as: ucow-event KIND [N]")
        if not gdb.selected_thread():
            raise LabError(NO_MACHINE)
        symbols = symbols_of(kernel())
        need_trace(symbols)
        if is_off():
            raise LabError("the machine records no events: it was booted with trace=off")
        fmt = Format(symbols.text("trace_format"))
        event = fmt.pattern(words[0]).event
        self.go(event, next(number for number, kind in fmt.events.items() if kind is event), int(words[1]) if words[1:] else 1)
        pid = gdb.parse_and_eval("boot_cpu.current->pid")
        print(f"{' '.join(words)} in process {pid} {gdb.parse_and_eval('boot_cpu.current->name').string()}")
        gdb.execute("frame")

    @staticmethod
    def go(kind: Event, number: int, nth: int):
        """Continue to the event, or raise LabError if the machine ends before; a replay stops at its end."""
        others = [point for point in gdb.breakpoints() if point.enabled and not isinstance(point, End)]
        for point in others:
            point.enabled = False
        here, said = AtEvent(kind, number, nth), ""
        try:
            with suppress(gdb.error):  # the machine ends
                said = gdb.execute("continue", to_string=True)
            found = here.left == 0
        finally:
            here.delete()
            for point in others:
                point.enabled = gdb.selected_thread() is not None
        if "SIGINT" in said and not found:
            raise LabError(f"interrupted before event {nth} of the kind {kind.name}")
        if not found:
            raise LabError(f"the machine has ended, without event {nth} of the kind {kind.name}")


def program_from_outside(name, file):
    """For tools/run, which names the files of programs that are not in the build directory."""
    outside[name] = Path(file).absolute()


class Programs:
    """Loads the symbols of the program that runs whenever the machine stops."""

    def __init__(self):
        self.loaded = None
        gdb.events.stop.connect(self.follow)

    def follow(self, _event):
        with suppress(gdb.error, LabError, UnicodeError):  # before boot there is no process: then no program is missed
            name = gdb.parse_and_eval("boot_cpu.current->name").string()
            wanted = program_file(kernel(), name) if re.fullmatch(r"[\w.,+-]+", name) else None
            if wanted != self.loaded:
                self.forget()
                if wanted and wanted.is_file():
                    gdb.execute(f'add-symbol-file "{wanted}"', to_string=True)
                    self.loaded = wanted

    def forget(self):
        if self.loaded:
            gdb.execute(f'remove-symbol-file "{self.loaded}"', to_string=True)
            self.loaded = None


class End(gdb.Breakpoint):
    """Stops where the machine is switched off, while there still is one to step backwards in."""

    def stop(self):
        print(AT_END)
        return True


def stop_at_end():
    """For replays: see End. A newer QEMU stops a little before, and says so by SIGQUIT."""
    End("power_off", internal=True).silent = True  # GDB would name it as breakpoint -1
    gdb.events.stop.connect(lambda event: print(AT_END) if getattr(event, "stop_signal", "") == "SIGQUIT" else None)


def show_serial(name):
    """For replays: print what the machine has written to the file since the last stop, unless it went backwards: then QEMU has
    repeated the run from its start."""
    printed = moment = 0

    def show(_event):
        nonlocal printed, moment
        before = moment
        with suppress(LabError, gdb.error):
            moment = instruction_count()
        with open(name, "rb") as file:
            file.seek(printed)
            new = file.read()
        printed += len(new)
        if moment >= before:
            gdb.flush()
            os.write(1, new.replace(b"\r\n", b"\n"))

    gdb.events.stop.connect(show)


def find_sources():
    """Names of sources in the symbols are relative to the build directory."""
    with suppress(LabError, gdb.error):
        escaped = re.sub(r"([^\w/.-])", r"\\\1", str(kernel().parents[1]))
        gdb.execute(f"directory {escaped}", to_string=True)


gdb.execute("set confirm off")
gdb.execute("set pagination off")
for word in WORDS:
    Question(word)
Back()
UntilEvent()
Programs()
find_sources()
