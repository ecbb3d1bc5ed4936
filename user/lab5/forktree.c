/* SPDX-License-Identifier: MIT */
/*
 * forktree - every process forks two children until the tree is four levels deep; each prints its pid
 * and its path from the root. No process waits for its children: init reaps the orphans (D82).
 */
#include "ulib.h"

enum { DEPTH = 4 };

static void forktree(const char *path);

static void fork_child(const char *path, char branch)
{
    char child_path[DEPTH + 1];
    if (strlen(path) >= DEPTH)
        return;
    snprintf(child_path, sizeof(child_path), "%s%c", path, branch);
    if (fork() == 0) {
        forktree(child_path);
        yield();
        exit(0);
    }
}

static void forktree(const char *path)
{
    printf("%04x: I am '%s'\n", (unsigned)getpid(), path);
    fork_child(path, '0');
    fork_child(path, '1');
}

int main(void)
{
    forktree("");
    return 0;
}
