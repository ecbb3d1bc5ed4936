# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# display.sh - a machine of tools/run with a screen and a keyboard: where they are shown.
#
# Sourced by tools/run, never run. QEMU's own display words say where: gtk and sdl are windows, curses draws the screen on
# the terminal, which the serial line then cannot have.

display=

# Whether the screen is drawn on the terminal.
on_terminal() {
    [ "$display" = curses ]
}

# Refuses requests that contradict a screen.
check_display() {
    [ -z "$display" ] || ! recorded || die "--display: a recording has the input of the serial line only"
    [ -z "$display" ] || ! $as_test || die "--display: the firmware of --as-test starts no screen: give one of them"
}

# Sets `display`, if it is `auto`, to the first of gtk, sdl and curses that QEMU can show here.
choose_display() {
    local shows kind kinds=()
    [ "$display" = auto ] || return 0
    shows=$(qemu-system-i386 -display help 2>/dev/null)
    [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || kinds+=(gtk sdl)
    ! [ -t 0 ] || ! [ -t 1 ] || $gdb || kinds+=(curses)
    for kind in "${kinds[@]}"; do
        if grep -qx "$kind" <<<"$shows"; then
            display=$kind
            return
        fi
    done
    die "--display: QEMU can neither open a window here (Debian's qemu-system-gui has them) nor draw on a terminal: give --display=vnc=:1, or another word of QEMU's -display"
}

# Prints, one a line, QEMU's words for the display and the serial line.
console_words() {
    if on_terminal; then
        printf '%s\n' -vga std -display curses -monitor vc -chardev null,id=serial,logfile=serial
    else
        local serial=stdio
        [ -z "$display" ] || printf '%s\n' -vga std
        ! $gdb_here || [ -z "$replay" ] || serial=null # the debugger prints it, but not while it goes back
        printf '%s\n' -display "${display:-none}" -chardev "$serial,id=serial,logfile=serial$(keys)"
    fi
}

# Prints what the machine has said on a terminal that was its screen.
show_serial() {
    ! on_terminal || [ ${#program[@]} -eq 0 ] || tr -d '\r' <"$scratch/serial"
}
