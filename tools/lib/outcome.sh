# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# outcome.sh - how a run of tools/run ended: its status, and a sentence that says why.
#
# Sourced by tools/run, never run.

no_page=false # whether --html could not be done

# Ends with the status for that of QEMU, which is (n << 1) | 1 after a write of n to isa-debug-exit. A kernel
# that refuses to boot has the status of a panic, and prints a line with "ucow: ".
verdict() {
    list_deaths
    [ ! -e "$scratch/at_limit" ] || status=124
    note_missing_calls
    note_missing_table
    case $status in
    33)
        lie=$(contradiction)
        [ -z "$lie" ] || { say "the kernel ended as if all had passed, but $lie" && exit 4; }
        ! $no_page || exit 5
        [ -n "$(seen '^boot: .*: ignored$')" ] || exit 0
        quote "" '^boot: .*: ignored$' && exit 5
        ;;
    35) explain_failure && exit 1 ;;
    37) quote "the kernel panicked without a message" -A1 -e '^kernel panic' -e '^ucow: ' && exit 2 ;;
    39) quote_check && exit 3 ;;
    124) explain_limit ;;
    137) explain_kill ;;
    *) explain_silence ;;
    esac
    exit 4
}

# Says that the machine did not end, and what its processes did.
explain_limit() {
    say "the machine did not end within $limit seconds and was stopped (see --timeout)"
    [ ! -s "$scratch/at_limit" ] || { say "its processes when it was stopped:" && cat "$scratch/at_limit" >&2; }
}

# Says who sent SIGKILL: the limit, if the machine did not end by SIGTERM, or another program.
explain_kill() {
    if [ -n "$limit" ] && [ "$SECONDS" -ge "$limit" ]; then
        explain_limit
    else
        say "QEMU was killed by another program (SIGKILL): perhaps the machine had no memory left"
    fi
}

# Prints what in the serial output contradicts the status of a run that passed.
contradiction() {
    local banners
    banners=$(seen -c '^ucow [0-9]')
    if [ "$banners" -ne 1 ]; then
        echo "its first line was seen $banners times"
    elif [ -n "$(seen -E -m1 "$complaints")" ]; then
        echo "before it said: $(seen -E -m1 "$complaints" | sed 's/:$//')"
    elif [ "$(seen '' | tail -n1)" != 'init check memory pass.' ]; then
        echo "its last line is missing"
    fi
}

complaints='^kernel panic at |^kernel check failed:|^(KASAN|UBSAN|stack smashing)\b'

# Prints the lines of serial output that match grep's arguments $@, without carriage returns.
seen() {
    tr -d '\r' <"$scratch/serial" | grep -a "$@" || true
}

# Prints as one line what grep finds first with the arguments after $1, or $1 if there is nothing.
quote() {
    local found
    found=$(seen -m1 "${@:2}" | paste -sd' ' | tr -s ' ')
    found=${found:-$1}
    say "${found%:}"
}

# Prints as one line which exercise of the course was missing or which check failed, whichever came first, and the line below if
# that belongs to it.
quote_check() {
    local found
    found=$(seen -m1 -A1 -E '^(exercise: |kernel check failed)' | sed '2{/^    /!d}' | paste -sd' ' | tr -s ' ')
    found=${found:-a check of the kernel failed without a message}
    say "${found%:}"
}

# Prints each process that the kernel killed, by its report: pid, name, address of the instruction and reason.
deaths() {
    tr -d '\r' <"$scratch/serial" | awk '
        /^pid [0-9]+ ".*" dies: / { pid = $2; name = $3; gsub(/"/, "", name); frame = 1 }
        frame && /^  trap 0x/ { sub(/^  trap 0x[0-9a-f]* */, ""); reason = $0 }
        frame && /^  eip  0x/ { address = $2 }
        frame && /^killed by kernel\.$/ { print pid "|" name "|" address "|" reason; frame = 0 }'
}

# Prints why the kernel killed the program $1 at the address $2 with the reason $3, and where in its source that was, as `by the
# kernel (Page Fault) in main, faultread.c:9`.
cause() {
    local file=$build/user/$1.elf place i
    for i in "${!modules[@]}"; do
        [ "$1" != "${modules[i]}" ] || file=$scratch/$(module_file "$i")
    done
    place=$("$root/tools/lib/where" "$file" "$2" 2>/dev/null) || place=
    echo "by the kernel ($3)${place:+ in $place}"
}

# Prints the cause of the first program's death, or nothing if it was not reported: another process has killed it.
cause_of_death() {
    local name address reason
    IFS='|' read -r _ name address reason < <(deaths | grep '^2|' | tail -n1) || return 0
    cause "$name" "$address" "$reason"
}

most_deaths=5

# Says on a terminal, and after a failure, which processes the kernel killed, the latest ones: their reports have addresses only.
# Of the named program, which has pid 2, explain_failure() says more.
list_deaths() {
    local pid name address reason first=2
    [ -t 0 ] || [ "$status" -eq 35 ] || return 0
    [ ${#program[@]} -gt 0 ] || first=none
    while IFS='|' read -r pid name address reason; do
        say "pid $pid $name was killed $(cause "$name" "$address" "$reason")"
    done < <(deaths | grep -v "^$first|" | tail -n "$most_deaths")
}

# Prints why the program failed, according to the serial output.
explain_failure() {
    local name=${program[0]:-sh} line near reason signal
    line=$(seen -m1 '^exercise: ')
    if [ -n "$line" ]; then
        say "$line"
        return
    fi
    line=$(seen -F -m1 "kernel_execve: \"$name\" failed: ")
    if [[ $line == *'(-16)' ]]; then
        line=$(find "$root/user" -name "$name.c" -printf 'user/%P' -quit)
        near=$(similar "$name")
        if [ -f "$started_in/$name" ]; then
            near="the file here is ./$name; "
        fi
        say "there is no program $name; ${line:+$line is not listed in user/meson.build; }${near}there are "
        programs | fold -s -w 76 | sed 's/^/  /' >&2
        exit 5
    elif [ -n "$line" ]; then
        say "$name could not be started: ${line#*failed: }"
        return
    fi
    line=$(seen '^init: program ".*" ended with exit code' | tail -n1)
    line=${line#init: program }
    line=${line//\"/}
    if [[ $line =~ \ \(signal\ ([0-9]+)\)\.$ ]]; then
        signal=$(kill -l "${BASH_REMATCH[1]}")
        line="${line%" (signal"*}: killed by SIG$signal"
    elif [[ $line == *'code -9.' ]]; then
        reason=$(cause_of_death)
        line="${line%.}: killed${reason:+ $reason}"
    fi
    say "${line:-the program failed without a message of the kernel}"
}

# Says where the system calls of Linux are listed, if a program printed what a libc says of one that is missing; and
# which were missing, after that or after a failure.
note_missing_calls() {
    local printed missing=
    printed=$(seen -m1 -E 'Function not implemented|Invalid system call number') # klibc says the latter
    [ -z "$printed" ] || say "note: of the system calls of Linux, ucow has those that docs/linux.md lists"
    if keeps_memory && [[ -n $printed || $status =~ ^(35|124|137)$ ]]; then
        missing=$("$root/tools/lib/missing_calls" "$build/kernel/ucow.elf" "$ram" 2>/dev/null) || missing=
    fi
    [ -z "$missing" ] ||
        say "note: -ENOSYS was the result of $missing (docs/linux.md; tools/strace -f shows each call)"
}

# Says after a failure which programs from outside make calls of Linux, if the kernel was built without them. See abi_of() for
# the address, which here is that of the first instruction.
note_missing_table() {
    local i entry
    if [ "$status" -eq 33 ] || built_with linux true; then
        return 0
    fi
    for i in "${!modules[@]}"; do
        entry=$(od -An -t u4 -j 24 -N 4 "$scratch/$(module_file "$i")")
        [ "$entry" -lt $((0x08048000)) ] ||
            say "note: ${modules[i]} is a program for Linux: the kernel runs such programs if it is built with -D linux=true, the default"
    done
}

# Prints the names of the programs in the boot archive, as one line.
programs() {
    find "$build/user" -name '*.elf' -printf '%f\n' | sed 's/\.elf$//' | sort | paste -sd' '
}

# Prints which program the name $1 may stand for, if it is like that of one.
similar() {
    programs | python_only python3 -c 'import difflib, sys
for name in difflib.get_close_matches(sys.argv[1].lower(), sys.stdin.read().split(), 1):
    print(f"did you mean {name}? ", end="")' "$1"
}

# Prints why there is no verdict.
explain_silence() {
    if [ -s "$scratch/qemu" ]; then
        say "QEMU: $(tail -n1 "$scratch/qemu")"
        ! grep -q 'Address already in use' "$scratch/qemu" || exit 5
    elif [ "$status" -eq 135 ]; then # SIGBUS
        say "there was no room for the machine's memory${ram:+ in $ram}: free some"
    elif [ "$status" -eq 0 ] && [ -n "$replay" ]; then
        say "the recording ends here, without a verdict: a triple fault, a reset, or the machine was stopped"
    elif [ "$status" -eq 0 ] && has_all_keys && [ -n "$(seen 'QEMU: Terminated$')" ]; then
        say "the machine was ended by Ctrl-A X"
    elif [ "$status" -eq 0 ] && [ -n "$display" ]; then
        say "the machine was ended at its window or by quit; or by a triple fault, or a reset"
    elif [ "$status" -eq 0 ]; then
        say "the machine stopped without a verdict: a triple fault, or a reset"
    else
        say "the machine stopped without a verdict (QEMU's status is $status)"
    fi
}

# Writes the page about the run. Without it a run that passed ends with status 5.
show_run() {
    "$root/tools/trace" --elf "$build/kernel/ucow.elf" --html "$html" "$ram" >&2 && return
    say "there is no page: the message is above"
    no_page=true
}
