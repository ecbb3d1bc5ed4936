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

# Copies the files of the tree as they are now, those that git does not know left out, to the folder $1.
copy_tree() {
    git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
        tar --create --null --files-from=- --ignore-failed-read 2>/dev/null | tar --extract --directory="$1"
}
