# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# setup.sh - what the commands in tools/ share: the packages, the build directory, the build.
#
# Sourced, never run; the caller has `set -euo pipefail`. Everything said here goes to stderr:
# the commands' stdout belongs to the machine and to the tests. Whatever stops a command before
# its machine or its tests have started is one sentence and status 5.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
self=tools/$(basename "$0")
build=${UCOW_BUILD:-$root/build}
clang_version=
meson_options=()
eaten=0

say() {
    printf '%s: %s\n' "$self" "$1" >&2
}

die() {
    say "$1"
    exit 5
}

# A file's opening comment is its manual.
usage() {
    sed -n '3,/^$/{s/^# \{0,1\}//;p}' "$0"
    exit 0
}

# --- packages ---

# One a line: the set it belongs to, Debian's package, what proves that it is there (a command,
# a file, with wildcards, or python:MODULE), and the reason.
packages() {
    cat <<'END'
build  clang                   clang                 compiles the kernel and its programs
build  lld                     ld.lld                links them
build  llvm                    llvm-objcopy          packs the boot archive and symbolises addresses
build  gcc                     gcc                   compiles the unit tests for this machine
build  libc6-dev               /usr/include/stdio.h  the C library those tests are linked with
build  meson                   meson                 configures the build
build  ninja-build             ninja                 runs the build
build  qemu-system-x86         qemu-system-i386      is the machine the kernel runs on
build  python3                 python3               runs the tools that Meson and the tests call
build  python3-pyelftools      python:elftools       reads the kernel's symbols
build  python3-click           python:click          reads the command lines of the tools in Python
build  python3-pytest          python:pytest         runs the tests that boot machines
build  python3-hypothesis      python:hypothesis     makes the programs that every kernel must agree on
test   python3-rich            python:rich           prints the tables and progress of tools/bench and tools/compare
test   gdb                     gdb                   looks into a stopped machine
test   clang-format            clang-format          checks the layout of the C files
test   clang-tidy              clang-tidy            finds suspicious C
test   shellcheck              shellcheck            checks the shell scripts
test   codespell               codespell             finds misspelt words
test   libclang-rt-dev         /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a  has libFuzzer try the ELF loader, and counts what the unit tests run
test   spin                    spin                  searches the model of the protocol (and gcc compiles it)
19     clang-19                clang-19              compiles the kernel once more, with a newer compiler
19     lld-19                  ld.lld-19             links what clang 19 made
19     llvm-19                 llvm-objcopy-19       packs the boot archive for it
END
}

# The Python modules of `packages` that the interpreter $1 lacks, one a line.
modules_missing_in() {
    packages | sed -n 's/.* python:\([a-z_]*\) .*/\1/p' | "$1" -c '
import importlib.util, sys
print("\n".join(name for name in sys.stdin.read().split() if not importlib.util.find_spec(name)))'
}

# Sets `missing_modules`. As meson.build does: Debian's Python, or else the first on PATH.
look_for_modules() {
    local python missing
    missing_modules=
    for python in /usr/bin/python3 python3; do
        command -v "$python" >/dev/null || continue
        missing=$(modules_missing_in "$python")
        if [ -z "$missing" ]; then
            missing_modules=
            return
        fi
        : "${missing_modules:=$missing}"
    done
}

have() {
    case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    python:*) command -v python3 >/dev/null && ! grep -qx "${1#python:}" <<<"$missing_modules" ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# The lines of `packages` in the sets $@ whose proof is not found.
missing_packages() {
    local set package proof reason missing_modules
    look_for_modules
    packages | while read -r set package proof reason; do
        if [[ " $* " == *" $set "* ]] && ! have "$proof"; then
            printf '%s\t%s\t%s\n' "$package" "$proof" "$reason"
        fi
    done
}

# Installs what the sets $@ lack. Says what and why, asks nothing.
require_packages() {
    local missing names as_root=()
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    read -ra names <<<"$(cut -f1 <<<"$missing" | paste -sd' ')"

    command -v apt-get >/dev/null ||
        die "this is not a Debian: install what Debian calls ${names[*]} and run me again"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "neither root nor sudo to install packages with: have somebody run apt-get install ${names[*]}"
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
    [ -z "$missing" ] || die "still not found after the installation: $missing; is PATH right?"
}

# --- the build directory ---

check_meson_version() {
    local version
    version=$(meson --version)
    [ "$(printf '1.0.0\n%s\n' "$version" | sort -V | head -n1)" = 1.0.0 ] ||
        die "Meson $version is too old: ucow needs 1.0.0 or newer (Debian 12 has it; elsewhere: pipx install meson)"
}

# Runs Meson in silence. When it fails, sets `complaint` to its sentence.
quiet_meson() {
    local log=$scratch/meson.log
    meson "$@" >"$log" 2>&1 && return
    complaint=$(sed -n 's/.*ERROR: \(Problem encountered: \)\{0,1\}//p' "$log" | head -n1)
    [ -n "$complaint" ] || cat "$log" >&2
    : "${complaint:=meson failed: its message is above}"
    return 1
}

# Sets meson_options in a configured directory, or leaves it as it was. Not by `meson setup
# --reconfigure -D`, which in Meson 1.0 overlooks Meson's own b_ options.
change_options() {
    local state=$build/meson-private
    cp -p "$state/coredata.dat" "$state/cmd_line.txt" "$scratch"
    quiet_meson configure "$build" "${meson_options[@]}" && quiet_meson setup --reconfigure "$build" "$root" && return
    cp -p "$scratch/coredata.dat" "$scratch/cmd_line.txt" "$state"
    die "$complaint"
}

new_build() {
    local cross=(--cross-file "$root/cross/i386.ini")
    [ -z "$clang_version" ] || cross+=(--cross-file "$root/cross/clang-$clang_version.ini")
    [ -e "$build/meson-private" ] || [ -z "$(ls -A "$build" 2>/dev/null)" ] ||
        die "$build holds something else than a build: choose another directory with --build"
    check_meson_version
    # The unit tests are counted, too: by the compiler that counts the kernel.
    [[ " ${meson_options[*]} " != *" -Dcoverage=true "* ]] || export CC_FOR_BUILD=clang${clang_version:+-$clang_version}
    say "configuring $build"
    quiet_meson setup "$build" "$root" "${cross[@]}" "${meson_options[@]}" || die "$complaint"
}

# Refuses a build directory that is not of this source tree and compiler.
check_build() {
    local info=$build/meson-info/meson-info.json
    [ ! -e "$info" ] || grep -qF "\"source\": \"$root\"" "$info" ||
        die "$build belongs to another source tree: remove it or choose another directory with --build"
    [ -z "$clang_version" ] || grep -q "clang-$clang_version" "$build/meson-private/cmd_line.txt" ||
        die "$build was made for another compiler: remove it or choose another directory with --build"
}

# Makes the build directory fit for the build: new, repaired, or with other options.
configure_build() {
    if [ ! -e "$build/meson-private/coredata.dat" ]; then
        new_build
        return
    fi
    check_build
    [ -e "$build/build.ninja" ] || quiet_meson setup --reconfigure "$build" "$root" || die "$complaint"
    [ ${#meson_options[@]} -eq 0 ] || change_options
}

# Copies ninja's output from stdin to the file $1, and its last line to the screen when there is
# one, so that a long build is seen to move.
show_progress() {
    local line
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$1"
        [ ! -t 2 ] || printf '\r\033[K%.*s' "$((${COLUMNS:-80} - 1))" "$line" >&2
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

# Builds the targets $@, configuring first.
build_targets() {
    local log=$scratch/ninja.log
    configure_build
    ninja -C "$build" "$@" 2>&1 | show_progress "$log" && return
    cat "$log" >&2
    die "the build failed: the compiler's message is above"
}

# --- options ---

# Fails with a sentence unless the option $1 has a value $2.
need_value() {
    [ $# -ge 2 ] || die "$1 needs a value: see $self --help"
}

# The options every command knows. Sets `eaten` to the number of words it took, 0 for none.
common_option() {
    eaten=2
    case $1 in
    -h | --help) usage ;;
    -b | --build) need_value "$@" && build=$2 ;;
    -D) need_value "$@" && meson_options+=("-D$2") ;;
    -D?*) meson_options+=("$1") eaten=1 ;;
    --clang) need_value "$@" && choose_clang "$2" ;;
    *) eaten=0 ;;
    esac
}

choose_clang() {
    clang_version=$1
    [ -e "$root/cross/clang-$1.ini" ] || die "there is no cross/clang-$1.ini to build with clang $1"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
