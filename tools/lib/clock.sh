# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# clock.sh - how time passes in a machine of tools/run, and runs that are recorded and repeated.
#
# Sourced by tools/run, never run. A machine with a program runs in virtual time: each instruction takes 2^shift ns, and
# nothing in the machine depends on the host. A recording has what came from outside, the input of the serial line, and
# the snapshot of the machine before its first instruction, to which the debugger returns when it steps backwards.

shift=
recorded_status= # with which the recorded QEMU ended: since version 8 or so, it ends a replay with 0
module= # the recording's program from outside
virtual= # not empty: in virtual time
firmware=seabios

# Whether the run is recorded, or is the replay of a recording.
recorded() {
    [ -n "$record$replay" ]
}

# Refuses options that contradict each other.
check_recording() {
    ! recorded || ! $realtime || die "--realtime: a recording runs in virtual time"
    [ -z "$record" ] || ! $gdb || die "--record: record the run first, then debug it with --replay $record --gdb"
    [ -z "$replay" ] || [ -z "$record" ] || die "--replay and --record: give one of them"
    [ -z "$replay" ] || [ "${#program[@]}${#with[@]}${#kernel_words[@]}$memory$cpu$swap$as_test" = 000128Mfalse ] ||
        die "--replay: the recording has the program and the machine: omit them"
    [ -z "$replay" ] || [ "${#meson_options[@]}" -eq 0 ] || die "--replay: the kernel is not built: omit -D"
}

# Sets `firmware` to that of the tests: qboot, if QEMU's data folder has it.
choose_firmware() {
    local qemu
    qemu=$(readlink -f "$(command -v qemu-system-i386)")
    ! $as_test || [ ! -f "${qemu%/*/*}/share/qemu/qboot.rom" ] || firmware=qboot
}

# Sets `shift`. Code with the compiler's checks, and code that is not optimized, makes about four instructions of one:
# time is slowed down as much, so that a tick holds the same work in all builds.
choose_shift() {
    [ -z "$shift" ] || return 0
    shift=7
    if built_with kasan true || built_with ubsan true || built_with races true; then
        shift=5
    fi
    if built_with optimization '"0"' || built_with optimization '"g"'; then
        shift=$((shift - 2))
    fi
}

# Adds the clock to `machine`. A recorded machine waits in the host's time when all processes sleep: its disk would hang
# without. It has no virtual APIC: QEMU 7.2 may deadlock in that device's reset when it returns to the snapshot. A machine
# with a debugger waits, too: else each stop would last until the next tick of the timer.
add_clock() {
    local icount=sleep=off
    recorded || { [ ${#program[@]} -gt 0 ] && ! $realtime; } || return 0
    choose_shift
    choose_firmware
    virtual=yes
    ! $gdb || icount=sleep=on
    if recorded; then
        icount=rr=${record:+record}${replay:+replay},rrfile=log,rrsnapshot=init
        machine+=(-drive "file=start.qcow2,format=qcow2,if=none,id=start" -global apic.vapic=off)
    fi
    if [ -n "$record" ]; then
        helper new "$scratch" "$swap" || die "$said"
        clean_ups=(save_recording "${clean_ups[@]}")
    fi
    if [ "$firmware" = qboot ]; then
        machine+=(-bios qboot.rom)
    fi
    machine+=(-icount "shift=$shift,$icount" -rtc "base=2020-01-01,clock=vm")
}

# Runs tools/lib/recording with the words $@. Sets `said` to what it prints: on an error, a sentence.
helper() {
    said=$(python_only "$root/tools/lib/recording" "$@")
}

# Makes the file of --record, however the machine has ended.
save_recording() {
    local file=$record
    record=
    [ -n "$file" ] || return 0
    if [ ! -e "$scratch/log" ]; then
        say "nothing was recorded: the machine had not started"
        return 1
    fi
    if ! helper save "$scratch" "$(realpath -m -- "$file")" "$build/kernel/ucow.elf" "memory=$memory" "cpu=$cpu" \
        "append=$append" "module=${modules[0]:-}" "swap=$swap" "firmware=$firmware" "shift=$shift" "status=${status:-}"; then
        say "$said"
        return 1
    fi
    say "recorded: tools/run --replay ${file@Q} repeats the run, and with --gdb it opens the debugger"
}

# Extracts the recording and sets what describes its machine.
open_recording() {
    local fields=(memory cpu append module swap firmware shift status) values i
    helper open "$(realpath -m -- "$replay")" "$scratch" "$build/kernel/ucow.elf" "${fields[@]}" || die "$said"
    mapfile -t values <<<"$said"
    for i in "${!fields[@]}"; do
        declare -g "${fields[i]}=${values[i]:-}"
    done
    recorded_status=$status
    [ -z "$module" ] || modules=("$module")
    [[ " $append" != *' -- '* ]] || read -ra program <<<"${append#*-- }"
}
