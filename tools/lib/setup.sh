# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# setup.sh - what tools/run and tools/test share: the packages, the build directory, the build.
#
# Sourced, never run; the caller has `set -euo pipefail`. All messages go to stderr: stdout belongs to
# the machine and to the tests. An error before the machine or the tests have started is one sentence
# and status 5.

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd -P)
self=tools/$(basename "$0")
build=${UCOW_BUILD:-$root/build}
clang_version=
meson_options=()
eaten=0

# shellcheck source=tools/lib/children.sh
. "$root/tools/lib/children.sh"

# Prints the message $1.
say() {
    printf '%s: %s\n' "$self" "$1" >&2
}

# Prints the message $1 and ends with status 5.
die() {
    say "$1"
    exit 5
}

# Prints the opening comment of the command, without its first line.
usage() {
    sed -n '3,/^$/{s/^# \{0,1\}//;p}' "$0"
    exit 0
}

# --- packages ---

# One package a line: its set, its name in Debian, what is found once it is installed (a command, a
# file pattern, or python:MODULE), and what it is for.
packages() {
    cat <<'END'
build  clang                   clang                 compiles the kernel and its programs
build  lld                     ld.lld                links them
build  llvm                    llvm-objcopy          packs the boot archive and symbolises addresses
build  gcc                     gcc                   compiles the unit tests for this machine
build  libc6-dev               /usr/include/stdio.h  the C library those tests are linked with
build  meson                   meson                 configures the build
build  ninja-build             ninja                 runs the build
build  util-linux              setpriv               ends the machine and the compiler together with the tool
build  qemu-system-x86         qemu-system-i386      emulates the machine that the kernel runs on
build  python3                 python3               runs the tools that Meson and the tests call
build  python3-pyelftools      python:elftools       reads the kernel's symbols
build  python3-click           python:click          reads the command lines of the tools in Python
test   python3-pytest          python:pytest         runs the tests that boot machines
test   python3-hypothesis      python:hypothesis     generates the programs that every kernel must agree on
test   python3-rich            python:rich           prints the tables and progress of the tools
test   mypy                    mypy                  checks the types of the tools in Python
test   gdb                     gdb                   debugs a stopped machine
test   clang-format            clang-format          checks the layout of the C files
test   clang-tidy              clang-tidy            finds suspicious C
test   shellcheck              shellcheck            checks the shell scripts
test   codespell               codespell             finds misspelt words
test   libclang-rt-dev         /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a  has libFuzzer, for the ELF loader, and the coverage runtime of the unit tests
test   grub-common             grub-mkrescue         makes the disc image
test   grub-pc-bin             /usr/lib/grub/i386-pc  boots it
test   grub-efi-amd64-bin      /usr/lib/grub/x86_64-efi  boots it with UEFI
test   ovmf                    /usr/share/ovmf/OVMF.fd  is the UEFI that QEMU starts
test   xorriso                 xorriso               writes it
test   mtools                  mformat               is what grub-mkrescue calls
test   babeltrace2             babeltrace2           reads a trace in the Common Trace Format
test   spin                    spin                  checks the model of the process protocol
test   bubblewrap              bwrap                 keeps the compiler of a student's file in a container
test   git                     git                   makes the repository of a hand-out
edit   clangd                  clangd                tells an editor what each name is
19     clang-19                clang-19              compiles the kernel with a newer compiler
19     lld-19                  ld.lld-19             links what clang 19 compiled
19     llvm-19                 llvm-objcopy-19       packs the boot archive for it
test19 libclang-rt-19-dev      /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.profile-*.a  has the coverage runtime of the unit tests
END
}

# Prints the Python modules of the sets $2... that the interpreter $1 lacks, one a line.
modules_missing_in() {
    local interpreter=$1 set proof
    shift
    packages | while read -r set _ proof _; do
        [[ " $* " != *" $set "* || $proof != python:* ]] || printf '%s\n' "${proof#python:}"
    done | python_only "$interpreter" -c '
import importlib.util, sys
print("\n".join(name for name in sys.stdin.read().split() if not importlib.util.find_spec(name)))'
}

# Sets `missing_modules` for the sets $@. As in meson.build: Debian's Python, or else the first on PATH.
look_for_modules() {
    local python missing
    missing_modules=
    for python in /usr/bin/python3 python3; do
        command -v "$python" >/dev/null || continue
        missing=$(modules_missing_in "$python" "$@")
        if [ -z "$missing" ]; then
            missing_modules=
            return
        fi
        : "${missing_modules:=$missing}"
    done
}

# Whether the proof $1 of a package is found.
have() {
    case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    python:*) command -v python3 >/dev/null && [[ $'\n'$missing_modules$'\n' != *$'\n'"${1#python:}"$'\n'* ]] ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# Prints package, proof and reason of the packages in the sets $@ that are not found.
missing_packages() {
    local set package proof reason missing_modules
    look_for_modules "$@"
    packages | while read -r set package proof reason; do
        if [[ " $* " == *" $set "* ]] && ! have "$proof"; then
            printf '%s\t%s\t%s\n' "$package" "$proof" "$reason"
        fi
    done
}

# Installs the missing packages of the sets $@, and prints which and why.
require_packages() {
    local missing names as_root=()
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    read -ra names <<<"$(cut -f1 <<<"$missing" | paste -sd' ')"

    command -v apt-get >/dev/null ||
        die "apt-get is missing: install what Debian calls ${names[*]}, then run $self again"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "installing packages needs root or sudo: ask the administrator for apt-get install ${names[*]}"
        as_root=(sudo)
    fi

    say "installing with apt-get:"
    awk -F'\t' '{ printf "    %-24s %s\n", $1, $3 }' <<<"$missing" >&2
    { "${as_root[@]}" apt-get update -q &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -q --no-install-recommends "${names[@]}"; } >&2 ||
        die "apt-get could not install ${names[*]}: its message is above"

    hash -r
    missing=$(missing_packages "$@" | cut -f2 | paste -sd' ')
    [ -z "$missing" ] || die "not found after the installation: $missing; check PATH"
}

# --- the build directory ---

check_meson_version() {
    local version
    # Without its complaints: it has some, too, if this tool is killed meanwhile.
    version=$(meson --version 2>/dev/null) || die "meson does not run: see what \`meson --version\` says"
    [ "$(printf '1.0.0\n%s\n' "$version" | sort -V | head -n1)" = 1.0.0 ] ||
        die "Meson $version is too old: ucow needs 1.0.0 or newer (Debian 12 has it; elsewhere: pipx install meson)"
}

refuse_place() {
    die "$1 cannot be written by $(id -un): choose another directory with --build"
}

# Waits until no other command builds in the build directory, and holds its lock.
lock_build() {
    { mkdir -p -- "$build" && [ -r "$build" ] && [ -x "$build" ]; } 2>/dev/null || refuse_place "$build"
    exec {build_lock}<"$build"
    flock --nonblock "$build_lock" && return
    say "waiting for another command that builds in $build"
    start_child flock "$build_lock" # a trap would wait for a command that is no child
    wait_child
}

unlock_build() {
    exec {build_lock}<&-
}

# Runs Meson with the words $@ and hides its output. On failure sets `complaint` to its error message. What Meson leaves
# behind when it is killed goes with the scratch folder.
quiet_meson() {
    local log=$scratch/meson.log
    start_child env TMPDIR="$scratch" meson "$@" >"$log" 2>&1
    ! wait_child || return 0
    check_room
    complaint=$(sed -n 's/.*ERROR: \(Problem encountered: \)\{0,1\}//p' "$log" | head -n1)
    [ -n "$complaint" ] || cat "$log" >&2
    : "${complaint:=meson failed: its message is above}"
    name_option
    return 1
}

# Meson says which value it refuses, but not of which option: puts the option before the complaint.
name_option() {
    local option value
    value=$(sed -n 's/^Value "\{0,1\}\([^" ]*\).*/\1/p' <<<"$complaint")
    [ -n "$value" ] || return 0
    for option in "${meson_options[@]}"; do
        [[ $option != *"=$value" ]] || complaint="-D ${option#-D}: $complaint"
    done
}

# Sets meson_options in a configured directory, or leaves it unchanged. `meson setup --reconfigure -D`
# does not do: in Meson 1.0 it ignores Meson's own b_ options.
change_options() {
    local state=$build/meson-private
    cp -p "$state/coredata.dat" "$state/cmd_line.txt" "$scratch"
    quiet_meson configure "$build" "${meson_options[@]}" && quiet_meson setup --reconfigure "$build" "$root" && return
    cp -p "$scratch/coredata.dat" "$scratch/cmd_line.txt" "$state"
    die "$complaint"
}

# Configures a new build directory.
new_build() {
    local cross=(--cross-file "$root/cross/i386.ini")
    [ -z "$clang_version" ] || cross+=(--cross-file "$root/cross/clang-$clang_version.ini")
    check_meson_version
    # The unit tests are counted too: by the compiler that counts the kernel.
    [[ " ${meson_options[*]} " != *" -Dcoverage=true "* ]] || export CC_FOR_BUILD=clang${clang_version:+-$clang_version}
    say "configuring $build"
    quiet_meson setup "$build" "$root" "${cross[@]}" "${meson_options[@]}" || die "$complaint"
}

# Prints the directory `source` or `build` that the build directory was configured for.
configured_for() {
    local info=$build/meson-info/meson-info.json found='' pattern="\"$1\": \"(([^\"\\]|\\\\.)*)\""
    [[ ! -r $info || ! $(<"$info") =~ $pattern ]] || found=${BASH_REMATCH[1]}
    if [[ $found == *\\* ]]; then # an escape of JSON: a quote, or a letter that is not ASCII
        found=$(python_only python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["directories"][sys.argv[2]])' "$info" "$1")
    fi
    printf '%s\n' "$found"
}

# Whether the build directory has nothing but what tools may leave there before it is configured: tools/site, tools/cc and
# tools/playground.
is_fresh() {
    [ -z "$(find "$build" -mindepth 1 -maxdepth 1 ! -name site ! -name libc ! -name playground ! -name playground-npm 2>/dev/null)" ]
}

# Refuses a build directory that is not one, or not of this source tree, place and compiler. Needs no package.
check_build() {
    [[ $build == /* ]] || build=$PWD/$build
    local source place advice="remove it or choose another directory with --build"
    if [ ! -e "$build/meson-private/coredata.dat" ]; then
        [ -e "$build/meson-private" ] || is_fresh ||
            die "$build is not empty and no build directory: choose another one with --build"
        return 0
    fi
    source=$(configured_for source)
    place=$(configured_for build)
    [ "${source:-$root}" = "$root" ] || die "$build belongs to the source tree $source: $advice"
    [ "${place:-$build}" -ef "$build" ] || die "$build is a copy of $place: $advice"
    [ -z "$clang_version" ] || grep -q "clang-$clang_version" "$build/meson-private/cmd_line.txt" ||
        die "$build is configured for another compiler: $advice"
    for place in "$build" "$build"/{.ninja_log,meson-private,meson-logs,meson-logs/testlog.json}; do
        [ ! -e "$place" ] || [ -w "$place" ] || refuse_place "$place"
    done
}

# Fails with a sentence if a command failed because a disk is full.
check_room() {
    local place left
    for place in "$build" "$scratch"; do
        left=$(df --output=avail -k -- "$place" 2>/dev/null | tail -n1)
        [ "${left:-$least_kib}" -ge "$least_kib" ] || die "there is no room left on the disk of $place"
    done
}
least_kib=64

# Configures the build directory: creates it, repairs it, or changes its options. What was installed since then counts,
# too: without pytest, say, it has fewer tests.
configure_build() {
    check_build
    if [ ! -e "$build/meson-private/coredata.dat" ]; then
        new_build
        return
    fi
    [ -e "$build/build.ninja" ] && [ ! "$build/build.ninja" -ot /var/lib/dpkg/status ] ||
        quiet_meson setup --reconfigure "$build" "$root" || die "$complaint"
    [ ${#meson_options[@]} -eq 0 ] || change_options
}

# Copies ninja's output from stdin to the file $1, and shows its last line on a terminal as progress.
show_progress() {
    local line
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$1" 2>/dev/null || true # check_room() says why not
        [ ! -t 2 ] || printf '\r\033[K%.*s' "$((${COLUMNS:-80} - 1))" "$line" >&2
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

# Builds the targets $@ in the configured build directory.
build_targets() {
    local log=$scratch/ninja.log progress viewer status=0
    exec {progress}> >(show_progress "$log")
    viewer=$!
    start_child env TMPDIR="$scratch" ninja -C "$build" "$@" >&"$progress" 2>&1
    exec {progress}>&-
    wait_child || status=$?
    wait "$viewer" || true
    [ "$status" -ne 0 ] || return 0
    check_room
    cat "$log" >&2
    die "the build failed: the compiler's message is above"
}

# --- options ---

# Fails with a sentence unless the option $1 has a value $2.
need_value() {
    [ $# -ge 2 ] || die "$1 needs a value: see $self --help"
}

# Parses an option that both commands have at the front of $@. Sets `eaten` to the number of its words, 0 if there
# is none.
common_option() {
    eaten=2
    case $1 in
    -h | --help) usage ;;
    -b | --build) need_value "$@" && build=$2 ;;
    -D) need_value "$@" && add_option "$2" ;;
    -D?*) add_option "${1#-D}" && eaten=1 ;;
    --clang) need_value "$@" && choose_clang "$2" ;;
    *) eaten=0 ;;
    esac
}

add_option() {
    [[ $1 == ?*=* ]] || die "-D $1: give NAME=VALUE, as in -D cow=false"
    meson_options+=("-D$1")
}

choose_clang() {
    clang_version=$1
    [ -e "$root/cross/clang-$1.ini" ] || die "there is no cross/clang-$1.ini to build with clang $1"
}

own_signals
make_scratch
