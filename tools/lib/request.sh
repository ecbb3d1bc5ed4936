# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# request.sh - refuses what tools/run cannot do, before anything is installed or built.
#
# Sourced by tools/run, never run.

# Refuses impossible requests before anything is installed or built.
check_request() {
    ! $gdb || [ -z "$limit" ] || die "--gdb has no time limit: omit --timeout"
    [[ $gdb_port =~ ^([1-9][0-9]{0,4})?$ && ${gdb_port:-0} -lt 65536 ]] || die "--gdb=$gdb_port: give the number of a TCP port, or here"
    [ -z "$event" ] || $gdb || die "--event: the debugger goes there: give --gdb or --gdb=here, too"
    [[ $event =~ ^([a-z_0-9]+:[1-9][0-9]{0,8})?$ ]] || die "--event $event: give a kind and a number, as in fork:2"
    [ -z "$event" ] || grep -q "^EVENT([0-9]*, ${event%:*}," "$root/include/ucow/trace.def" ||
        die "--event $event: no event is called ${event%:*}; there are $(event_kinds)"
    check_recording
    check_display
    : "${limit:=120}"
    [[ $limit =~ ^[1-9][0-9]*$ ]] || die "--timeout $limit: give whole seconds, at least 1"
    [[ $memory =~ ^[1-9][0-9]*[KMG]?$ ]] || die "--memory $memory: give a number and K, M or G"
    [[ $memory =~ ^[0-9]{1,9}[KMG]?$ ]] || die "--memory $memory: that is too large: give fewer than ten digits"
    [[ -z $swap || $swap =~ ^[1-9][0-9]*[KMG]$ ]] || die "--swap $swap: give a number and K, M or G"
    [ "$(mebibytes)" -ge 2 ] || die "--memory $memory: the kernel is loaded at 1 MiB and needs memory above it: give at least 4M"
    check_written --ram "$ram"
    check_written --record "$record"
    [ -z "$record" ] || record=$(realpath -m -- "$record") # the machine runs in another folder
    check_written --html "$html"
    [ -z "$html" ] || [[ " ${kernel_words[*]} " != *' trace=off '* ]] ||
        die "--html shows the events of the trace: omit trace=off"
    [[ ${program[0]:-} != *.c ]] ||
        die "${program[0]} is C: compile it with tools/cc ${program[0]}, then tools/run ./$(basename -- "${program[0]}" .c)"
    check_modules
    check_words
    for word in "${kernel_words[@]}"; do
        check_option "$word"
    done
}

# Prints the kinds of events.
event_kinds() {
    sed -n 's/^EVENT([0-9]*, \([a-z_]*\),.*/\1/p' "$root/include/ucow/trace.def" | paste -sd' '
}

# Refuses the value $2 of the option $1 unless it is empty, or a file that can be written.
check_written() {
    [ -z "$2" ] || { [ ! -d "$2" ] && [ -w "$(dirname -- "$2")" ]; } ||
        die "$1 $2: name a file in a folder that you may write to"
    [[ -z $2 || $2 == */* || -z $(find "$root/user" -name "$2.c" -print -quit) ]] ||
        die "$1 $2: $2 is a program; give the file first, as in $1 $2.${1#--} $2"
}

# Refuses the word $1 of the kernel's command line if the kernel would ignore it.
check_option() {
    local key=${1%%=*} value=${1#*=} keys
    keys=$(grep -rhoE 'cmdline_value\(\w+, "\w+"' "$root/kernel" | cut -d'"' -f2)
    grep -qxF -- "$key" <<<"$keys" || die "the kernel has no option $key: there are $(paste -sd' ' <<<"$keys")"
    case $key in
    trace | monitor | screen | swap) [[ $value == on || $value == off ]] || die "$1: give $key=on or $key=off" ;;
    trace_kib | max_procs) [[ $value =~ ^0*[1-9][0-9]{0,8}$ ]] || die "$1: give a number above 0" ;;
    selftest)
        grep -q "^PLANTED($value," "$root/kernel/planted/planted.def" ||
            die "$1: there is no such mistake; there are $(sed -n 's/^PLANTED(\([a-z_0-9]*\),.*/\1/p' \
                "$root/kernel/planted/planted.def" | paste -sd' ')"
        ;;
    esac
}

# Prints the machine's memory in whole mebibytes, which are QEMU's unit for a number without one.
mebibytes() {
    case $memory in
    *K) echo $((${memory%K} / 1024)) ;;
    *G) echo $((${memory%G} * 1024)) ;;
    *) echo "${memory%M}" ;;
    esac
}

# The kernel's command line has no quotes: a word with a blank would become two.
check_words() {
    local word words=("${program[@]}")
    ! is_file || words=("${program[@]:1}")
    for word in "${kernel_words[@]}" "${modules[@]}" "${words[@]}"; do
        [[ -n $word && $word != *[[:space:]]* ]] ||
            die "'$word' cannot be passed: a word on the kernel's command line is not empty and has no blanks"
    done
}
