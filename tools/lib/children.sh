# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# children.sh - the child processes and the scratch folder of the tools written in shell: they end with the tool, however
# it ends. tools/ucow/children.py is the same for the tools in Python, and tells more.
#
# Sourced, never run; the caller has say(). After `own_signals` a signal ends the tool with its children. No command has
# two command substitutions: bash 5.2 takes a trap that waits for the first for a syntax error in the second.

declare -A children=() # the keys are their pids
clean_ups=()           # functions to call at the end
scratch=
# shellcheck disable=SC2016 # it is for the inner shell
guard='[ "$PPID" = "$0" ] && exec "$@"' # a parent that has died before prctl(2) would send no signal

# The same, and passes SIGTERM on to its group: ninja does not end Meson, which it runs when a meson.build has changed.
# shellcheck disable=SC2016
group_guard='[ "$PPID" = "$0" ] || exit
    trap "trap : TERM; kill -s TERM 0" TERM
    "$@" & child=$!
    while wait "$child"; status=$?; kill -0 "$child" 2>/dev/null; do :; done
    exit "$status"'

# Starts $@ in a process group of its own, which gets SIGTERM at the death of this shell. Sets `child`.
start_child() {
    local parent=$BASHPID
    set -m
    setpriv --pdeathsig TERM sh -c "$group_guard" "$parent" "$@" </dev/null &
    set +m
    child=$!
    children[$child]=running
}

# The same for a machine, in this shell's group, where it may read the terminal; with stdin from the descriptor $1, and
# the limit of $2 seconds unless $2 is empty.
start_machine() {
    local parent=$BASHPID command=("${@:3}")
    if [ -n "$2" ]; then
        # shellcheck disable=SC2016 # $$ is the shell that becomes `timeout`, which is the parent of the machine
        command=(sh -c 'guard=$1; shift
            exec timeout --foreground -k 2 "$0" setpriv --pdeathsig KILL sh -c "$guard" "$$" "$@"' "$2" "$guard" "${@:3}")
    fi
    setpriv --pdeathsig KILL sh -c "$guard" "$parent" "${command[@]}" <&"$1" &
    child=$!
    children[$child]=running
}

# Waits for `child`. Returns its status.
wait_child() {
    local status=0
    wait "$child" 2>/dev/null || status=$?
    unset "children[$child]"
    return "$status"
}

# Sends the signal $1 to the children, and to the groups of those that have one.
signal_children() {
    local pid
    for pid in "${!children[@]}"; do
        kill -s "$1" -- "-$pid" 2>/dev/null || kill -s "$1" "$pid" 2>/dev/null || true
    done
}

# Ends the children: by SIGTERM, after 5 seconds by SIGKILL.
end_children() {
    local deadline=$((SECONDS + 5))
    [ ${#children[@]} -gt 0 ] || return 0
    signal_children TERM
    while kill -0 "${!children[@]}" 2>/dev/null && [ "$SECONDS" -le "$deadline" ]; do
        sleep 0.01
    done
    signal_children KILL
    wait "${!children[@]}" 2>/dev/null || true
    children=()
}

# Ends the tool, by the signal $1 that it has got.
end_by() {
    trap '' INT TERM HUP PIPE
    trap - EXIT
    end_children
    say interrupted || true # perhaps no one listens any more
    clean_up
    trap - "$1"
    kill -s "$1" $$
}

own_signals() {
    local name
    trap clean_up EXIT
    for name in INT TERM HUP; do
        # shellcheck disable=SC2064 # the name is that of now
        trap "end_by $name" "$name"
    done
}

# Calls all functions of clean_ups, also if one fails.
clean_up() {
    local step
    for step in "${clean_ups[@]}"; do
        "$step" || true
    done
}

remove_scratch() {
    rm -rf -- "$scratch"
}

# Runs Python with the words $@, in a subshell that ends with it. Ctrl-C is for the tool: Python would print a traceback.
python_only() {
    trap '' INT
    exec "$@"
}

# Makes the scratch folder `scratch`, and removes those of tools that were killed: no process holds their lock.
make_scratch() {
    local folder lock tries=0 parent=${TMPDIR:-/tmp}
    [[ $parent == /* ]] || parent=$PWD/$parent
    for folder in "$parent"/ucow-scratch-*; do
        if [ -d "$folder" ] && [ ! -L "$folder" ] && [ -O "$folder" ] && { exec {lock}<"$folder"; } 2>/dev/null; then
            ! flock --nonblock "$lock" || rm -rf -- "$folder"
            exec {lock}<&-
        fi
    done
    clean_ups+=(remove_scratch)
    # The name is known before the folder is there, so that a signal in between leaves none. Another tool removes a folder
    # that it sees before it is locked: then there is another one.
    while [ ! -d "$scratch" ]; do
        [ "$((tries += 1))" -le 20 ] ||
            die "cannot create a folder in $parent: make it writable, or let TMPDIR name another place"
        scratch=$parent/ucow-scratch-$BASHPID-$RANDOM$RANDOM
        if mkdir -m 700 -- "$scratch" 2>/dev/null && { exec {scratch_lock}<"$scratch"; } 2>/dev/null; then
            flock "$scratch_lock"
        fi
    done
}
