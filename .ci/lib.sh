# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# lib.sh - what the scripts of .ci share. Sourced, never run; the caller has `set -euo pipefail`.

self=.ci/$(basename "$0")
place= # a folder that is removed at the end
# shellcheck source=tools/lib/children.sh
. tools/lib/children.sh

# Prints the message $1.
say() {
    printf '%s: %s\n' "$self" "$1" >&2
}

# Prints the message $1 and ends with status 5.
die() {
    say "$1"
    exit 5
}

# Makes `place`, in the folder $1.
make_place() {
    place=$1/ucow-ci-$BASHPID-$RANDOM$RANDOM
    clean_ups+=(remove_place)
    own_signals
    mkdir -m 700 -- "$place"
}

# shellcheck disable=SC2317 # clean_up calls it
remove_place() {
    rm -rf -- "$place"
}

# Runs a tool as a child that ends with this script. Returns its status.
run() {
    start_child "$@"
    wait_child
}

# Copies the files of the tree as they are now, without builds, to the folder $1.
copy_tree() {
    tar --create --exclude=./.git --exclude='./build*' --exclude=__pycache__ . | tar --extract --directory="$1"
}
