# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# modules.sh - programs from outside: files of this machine, which become boot modules.
#
# Sourced by tools/run, never run.

with=() # files of --with
modules=() # the names of the boot modules
started_in=$PWD # where relative names of files begin; the machine runs elsewhere

# Whether the program is a file of this machine: its name has a slash.
is_file() {
    [[ ${program[0]:-} == */* ]]
}

# Refuses files that cannot be boot modules. Sets `files`, the named program first, and their names in `modules`.
check_modules() {
    local file name
    files=("${with[@]}")
    ! is_file || files=("${program[0]}" "${with[@]}")
    for file in "${files[@]}"; do
        name=$(basename -- "$file" .elf)
        [ "$(printf %s "$name" | wc -c)" -lt 32 ] || die "$name has more than 31 bytes: give the file a shorter name" # kernel/fs/bootfs.h
        check_file "$file"
        [[ " ${modules[*]} " != *" $name "* ]] || die "two files are the program $name: rename one"
        modules+=("$name")
    done
    [ ${#modules[@]} -le 16 ] || die "--with: the kernel takes at most 16 programs from outside"
    [ -z "$record" ] || [ ${#modules[@]} -le 1 ] || die "--record: a recording has one program from outside: give one file"
}

# Refuses the file $1 unless it is a program.
check_file() {
    local file=$1 magic
    [ ! -d "$file" ] || die "$file is a directory: name the file of a program"
    [ -e "$file" ] || die "there is no file $file: build it first, or leave out the folder for a program of the boot archive"
    [[ -f $file && -r $file ]] || die "$file cannot be read"
    magic=$(head -c 20 "$file" | od -An -v -tx1 | tr -d ' \n')
    [[ $magic == 7f454c460101????????????????????02000300 ]] ||
        die "$file is not a static ELF for the i386: tools/cc makes one from C"
}

# Prints the name, in the scratch folder, of the boot module number $1.
module_file() {
    echo "module${1#0}"
}

# Makes the files boot modules. QEMU ends a module's path at a blank, and runs in the scratch folder: so each gets the name
# of a link there.
use_modules() {
    local i path
    for i in "${!files[@]}"; do
        path=$(realpath -- "${files[i]}")
        ln -s -- "$path" "$scratch/$(module_file "$i")"
    done
    ! is_file || program[0]=${modules[0]}
}

# Prints the modules as the option -initrd has them.
module_words() {
    local i text=
    for i in "${!modules[@]}"; do
        text+=,$(option_value "$(module_file "$i") ${modules[i]}")
    done
    printf '%s' "${text#,}"
}
