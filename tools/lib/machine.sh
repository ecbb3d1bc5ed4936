# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# machine.sh - the machine of tools/run: what the kernel is told, and QEMU's command.
#
# Sourced by tools/run, never run.

append= # the kernel's command line

# Whether init shall run the program rehearsal after the named one: the kernel has its checks, and makes no
# mistakes or failures on request.
rehearses() {
    [ ${#program[@]} -gt 0 ] && ! $gdb && ! $as_test && [[ " ${kernel_words[*]}" != *' '@(rehearse|inject|selftest)=* ]] &&
        built_with debug_checks true
}

# Whether the kernel was built with the option $1 set to $2, as JSON has it; Meson 1.7 writes it on many lines.
built_with() {
    local options pattern="\"name\": \"$1\",[[:space:]]+\"value\": $2,"
    options=$(<"$build/meson-info/intro-buildoptions.json")
    [[ $options =~ $pattern ]]
}

# Prints the word $1 as a value in an option of QEMU, as in file=VALUE: a comma would end it.
option_value() {
    printf '%s' "${1//,/,,}"
}

# Sets what the kernel is told, and its boot modules.
tell_kernel() {
    if [ -n "$swap" ] && ! built_with swap true; then
        die "the kernel in $build does not swap: build it with -D swap=true (the default) to use --swap"
    fi
    use_modules
    if [ -n "$display" ]; then
        kernel_words+=(screen=on)
    fi
    if rehearses; then
        kernel_words+=(rehearse=on)
    fi
    append="${kernel_words[*]} ${program[*]:+-- ${program[*]}}"
}

# Whether the machine's memory is looked at afterwards: for the page about the run, or for calls of a program from outside
# that the kernel does not have.
keeps_memory() {
    [ -n "$html" ] || { [ ${#modules[@]} -gt 0 ] && ! $gdb && ! recorded; }
}

# Adds an empty second disk, for a kernel that swaps.
add_swap() {
    if recorded; then
        machine+=(-drive "driver=qcow2,if=none,id=disk,cache.no-flush=on,file.filename=swap.qcow2"
            -drive "driver=blkreplay,if=none,id=swap,image=disk" -device "ide-hd,drive=swap,bus=ide.0,unit=1")
    else
        truncate -s "$swap" "$scratch/swap" 2>/dev/null || die "--swap $swap: the file system has no files of that size: give less"
        machine+=(-drive "if=ide,index=1,format=raw,cache=unsafe,file=swap")
    fi
}

# Sets `machine`, the QEMU command. It runs in the scratch folder, and names files there without a folder.
assemble() {
    machine=(qemu-system-i386 -kernel "$build/kernel/ucow.elf" -m "$memory" ${cpu:+-cpu "$cpu"}
        -nodefaults -device 'isa-debug-exit,iobase=0xf4,iosize=0x04' -device ib700 -action watchdog=inject-nmi -serial chardev:serial)
    mapfile -t -O "${#machine[@]}" machine < <(console_words)
    if [ -n "$html" ]; then
        html=$(realpath -m -- "$html")
    fi
    if keeps_memory; then
        : "${ram:=$scratch/ram}"
    fi
    if [ -n "$ram" ]; then
        machine+=(-object "memory-backend-file,id=pc.ram,size=$memory,mem-path=$(option_value "$(realpath -m -- "$ram")"),share=on"
            -machine memory-backend=pc.ram)
    fi
    if $gdb && [ -n "$replay" ]; then
        machine+=(-action "reboot=shutdown,shutdown=pause") # the debugger goes back from there
    else
        machine+=(-no-reboot)
    fi
    add_clock
    if [ -n "$swap" ]; then
        add_swap
    fi
    if [ -n "$gdb_port" ]; then
        machine+=(-gdb "tcp:127.0.0.1:$gdb_port" -S)
    elif $gdb; then
        machine+=(-chardev "socket,path=gdb,server=on,wait=off,id=gdb" -gdb chardev:gdb -S)
    fi
    if [ ${#modules[@]} -gt 0 ]; then
        machine+=(-initrd "$(module_words)")
    fi
    machine+=(-append "$append")
}
