/* SPDX-License-Identifier: MIT */
/*
 * rbtree - a red-black tree of nodes that are members of the structures they sort.
 *
 * Invariants: a red node has no red child, and every path from the root to a missing child has the same
 * number of black nodes. So the longest path is at most twice as long as the shortest, and search, insertion
 * and removal are O(log n). The tree does not know keys: the caller descends with its own comparison.
 *
 *     struct rb_node **link = &root->node, *parent = NULL;
 *
 *     while (*link != NULL) {
 *         parent = *link;
 *         link = &parent->child[key_of(parent) <= key ? RB_RIGHT : RB_LEFT];
 *     }
 *     rb_insert(root, parent, link, &thing->node);
 *
 * Operations allocate nothing and cannot fail; the owner of the tree provides the locking.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "lib/util.h"
#include <stdbool.h>

enum rb_side { RB_LEFT, RB_RIGHT };

struct rb_node {
    struct rb_node *parent;   /* NULL in the root */
    struct rb_node *child[2]; /* by enum rb_side */
    bool red;
};

struct rb_root {
    struct rb_node *node; /* NULL if the tree is empty */
};

/* The structure of type `type` whose field `member` is the node at `ptr`. */
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

/* Visit each node in order; declares `pos`. The body must not change the tree. */
#define rb_for_each(pos, root) for (struct rb_node *pos = rb_first(root); pos != NULL; pos = rb_next(pos))

/* Insert `node` at `link`, which points to an empty child of `parent` or to the empty root. */
void rb_insert(struct rb_root *root, struct rb_node *parent, struct rb_node **link, struct rb_node *node);

/* Remove `node`, which is in this tree. */
void rb_erase(struct rb_root *root, struct rb_node *node);

/* The first and the last node in order; NULL if the tree is empty. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);

/* The next and the previous node in order; NULL if there is none. */
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Whether links, colours and black heights are right. Does not check the order, which needs the caller's
 * keys. */
bool rb_ok(const struct rb_root *root);

#endif
