/*
 * rbtree - a red-black tree of nodes that live inside the structures they sort.
 *
 * Always true: a red node has no red child, and every way from the root down to a missing child
 * passes the same number of black nodes; so the longest way is at most twice the shortest and
 * search, insertion and removal are O(log n). The tree knows no keys: who searches or inserts
 * walks down it with the comparison at hand.
 *
 *     struct rb_node **link = &root->node, *parent = NULL;
 *
 *     while (*link != NULL) {
 *         parent = *link;
 *         link = &parent->child[key_of(parent) <= key ? RB_RIGHT : RB_LEFT];
 *     }
 *     rb_insert(root, parent, link, &thing->node);
 *
 * Needs no memory, cannot fail; whoever owns the tree brings the lock.
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
    struct rb_node *node; /* NULL when the tree is empty */
};

/* The structure of type `type` whose field `member` is the node at `ptr`. */
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

/* Visits each node in order; `pos` is declared here. The body must not change the tree. */
#define rb_for_each(pos, root) for (struct rb_node *pos = rb_first(root); pos != NULL; pos = rb_next(pos))

/* Puts `node` where `link`, an empty child of `parent` or the empty root, points. */
void rb_insert(struct rb_root *root, struct rb_node *parent, struct rb_node **link, struct rb_node *node);

/* Takes `node`, which is in this tree, out of it. */
void rb_erase(struct rb_root *root, struct rb_node *node);

/* The first and last in order; NULL when the tree is empty. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);

/* The neighbour in order; NULL behind the last, before the first. */
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Whether links, colours and black heights are as they must be. The order is the caller's to check. */
bool rb_ok(const struct rb_root *root);

#endif
