# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# boot.sh - runs the machine of tools/run on this terminal, through a pipe, or under a debugger.
#
# Sourced by tools/run, never run.

terminal= # its settings, once the machine has it

# Whether a panic leads to a prompt.
monitored() {
    [[ " ${kernel_words[*]} " == *' monitor=on '* ]]
}

# Whether the run has a time limit: all but interactive sessions.
limited() {
    ! $gdb && { [ ! -t 0 ] || { [ ${#program[@]} -gt 0 ] && ! monitored; }; }
}

# Whether the machine has a shell or a prompt on this terminal, and gets all its keys, Ctrl-C too, but Ctrl-A.
has_all_keys() {
    ! limited && ! $gdb && [ -z "$replay" ]
}

# Prints the options of the serial line that give it these keys, and QEMU Ctrl-A. QEMU does not record a serial line that has an
# escape key: then `recording keys` takes it.
keys() {
    ! has_all_keys || recorded || echo ",signal=off,mux=on"
}

# Prints what starts on this terminal, and how it ends.
session() {
    if [ ${#program[@]} -gt 0 ]; then
        echo "starting ${program[0]}; after a panic the prompt K> asks; $(has_all_keys && echo "Ctrl-A X" || echo Ctrl-C) ends the machine"
    elif on_terminal; then
        echo "starting the shell on a screen; help lists its commands, Ctrl-D ends it, Ctrl-C ends the program in it, Alt-2 and then quit end the machine"
    elif has_all_keys; then
        echo "starting the shell; help lists its commands, Ctrl-D ends it, Ctrl-C ends the program in it, Ctrl-A X ends the machine"
    else
        echo "starting the shell; help lists its commands, Ctrl-D ends it, Ctrl-C ends the machine"
    fi
}

# Runs the machine with its serial line on stdin and stdout. Sets `status`.
boot() {
    local input=0
    if ! limited; then
        limit=
    fi
    if ! limited && ! $gdb; then
        say "$(session)"
    fi
    if $gdb_here; then
        debug_here
    elif $gdb; then
        say "waiting for $(debugger)"
        say "type that in another terminal, or use --gdb=here; --event fork:1 takes the debugger to an event"
    fi
    if [ -t 0 ]; then
        terminal=$(stty -g)
        clean_ups+=(restore_terminal)
    fi
    if [ -t 0 ] && [ -n "$record" ]; then
        stty -icrnl -inlcr -igncr -istrip -ixon -icanon -iexten -echo min 1 time 0 # as QEMU does for itself
        ! has_all_keys || stty -isig
        exec {input}< <(exec setpriv --pdeathsig KILL sh -c "$guard" $$ "$root/tools/lib/recording" keys "$scratch/serial" 2>/dev/null)
        children[$!]=running
    elif [ ! -t 0 ] && [ -z "$replay" ]; then
        local shell=()
        [ ${#program[@]} -gt 0 ] || shell=(--shell)
        exec {input}< <(exec setpriv --pdeathsig KILL sh -c "$guard" $$ "$root/tools/lib/typed_input" \
            ${record:+--slowly "$scratch/serial"} ${virtual:+--late} "${shell[@]}" 2>/dev/null)
        children[$!]=running
    fi
    status=0
    cd "$scratch"
    if [ -t 1 ] || [ -f /dev/stdout ]; then
        start_limited "$input" 2>"$scratch/qemu"
        wait_child || status=$?
    else
        relay "$input"
    fi
    end_children
    [ "$status" -ne 0 ] || status=${recorded_status:-0}
    save_recording || exit 5
}

# Starts the machine with stdin from the descriptor $1. Sets `child`.
start_limited() {
    if [ -z "$limit" ] || recorded; then
        start_machine "$1" "$limit" "${machine[@]}"
        return
    fi
    start_machine "$1" $((limit + 30)) "${machine[@]}" -qmp unix:qmp,server=on,wait=off
    local machine_child=$child
    end_at_limit "$child"
    child=$machine_child
}

# Starts a command that waits for the limit, writes into the file `at_limit` what the processes do, and ends the machine, whose
# pid is $1. If it cannot, the machine ends 30 seconds later.
end_at_limit() {
    local file programs=()
    for file in "${files[@]}"; do
        [[ $file == /* ]] || file=$started_in/$file
        programs+=(--program "$file")
    done
    # shellcheck disable=SC2016 # for the inner shell
    start_child sh -c 'sleep "$1"; machine=$2; shift 2; "$@" >processes 2>&1 || : >processes
        mv processes at_limit; kill "$machine"' end_at_limit "$limit" "$1" \
        "$root/tools/inspect" --elf "$build/kernel/ucow.elf" "${programs[@]}" qmp:qmp 2>/dev/null # QEMU's errors are in the same file
}

# Runs the machine with stdin from the descriptor $1, and copies its output from the file that has it, `serial`. So it
# never waits for the reader of a pipe, who may be slow: the kernel would drop output after some seconds.
relay() {
    local machine_child
    : >serial
    start_limited "$1" >/dev/null 2>qemu
    machine_child=$child
    start_child env LC_ALL=C tail -c +1 -f -s 0.05 --pid="$machine_child" serial 2>copier
    local copier=$child
    child=$machine_child
    wait_child || status=$?
    child=$copier
    wait_child || [ ! -s copier ] || grep -q 'Broken pipe' copier || die "the output is lost: $(sed -n '1s/^tail: //p' copier)"
}

# shellcheck disable=SC2317 # clean_up calls it
restore_terminal() {
    stty "$terminal"
}

# Writes the file that debugs this machine, and prints the command for a shell. A socket's name must be short, so GDB goes
# to its folder.
debugger() {
    ln -s -- "$build/kernel/ucow.elf" "$scratch/ucow.elf"
    local i names=() shown=()
    ! $gdb_here || [ -z "$replay" ] || shown=('python show_serial("serial")')
    for i in "${!modules[@]}"; do
        [[ ! ${modules[i]} =~ ^[A-Za-z0-9_.,+-]+$ ]] ||
            names+=("python program_from_outside(\"${modules[i]}\", \"$(module_file "$i")\")")
    done
    printf '%s\n' "cd $scratch" 'file ucow.elf' "source $root/tools/gdb/ucow.py" "${names[@]}" \
        "target remote ${gdb_port:+127.0.0.1:}${gdb_port:-gdb}" ${replay:+'python stop_at_end()'} \
        "${shown[@]}" \
        ${event:+"ucow-event ${event/:/ }"} >"$scratch/debug"
    echo "gdb -x ${scratch@Q}/debug"
}

# Runs the machine in the background, out of reach of the terminal's keys, and the debugger on the terminal.
debug_here() {
    command -v gdb >/dev/null || die "gdb is not installed: apt-get install gdb"
    debugger >/dev/null
    cd "$scratch"
    start_child "${machine[@]}"
    while [ ! -S gdb ] && kill -0 "$child" 2>/dev/null; do
        sleep 0.02
    done
    trap '' INT
    gdb -q -x debug || true
    end_children
    exit 0
}
