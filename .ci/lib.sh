# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# lib.sh - what the scripts of .ci share. Sourced, never run; the caller has `set -euo pipefail`.

self=.ci/$(basename "$0")

# Prints the message $1.
say() {
    printf '%s: %s\n' "$self" "$1" >&2
}

# Prints the message $1 and ends with status 5.
die() {
    say "$1"
    exit 5
}

# Copies the files of the tree as they are now, without builds, to the folder $1.
copy_tree() {
    tar --create --exclude=./.git --exclude='./build*' --exclude=__pycache__ . | tar --extract --directory="$1"
}
