/* SPDX-License-Identifier: MIT */
/*
 * rbtree - insertion and removal, and the repairs that restore the invariants after them.
 *
 * Both repairs walk upwards from the place of the change. `side` selects a case or its mirror image, so each
 * case is written once. The cases are those of Cormen et al., Introduction to Algorithms, chapter 13.
 */
#include "lib/rbtree.h"

/* A valid tree of 2^32 nodes is not deeper, so rb_ok() stops there if the tree is broken. */
#define MAX_DEPTH 64

static bool is_red(const struct rb_node *node)
{
    return node != NULL && node->red;
}

static enum rb_side side_of(const struct rb_node *node)
{
    return node == node->parent->child[RB_LEFT] ? RB_LEFT : RB_RIGHT;
}

static enum rb_side other(enum rb_side side)
{
    return side == RB_LEFT ? RB_RIGHT : RB_LEFT;
}

/* Put `heir`, which may be NULL, in the place of `node` below its parent or as the root. */
static void replace(struct rb_root *root, struct rb_node *node, struct rb_node *heir)
{
    if (node->parent == NULL)
        root->node = heir;
    else
        node->parent->child[side_of(node)] = heir;
    if (heir != NULL)
        heir->parent = node->parent;
}

/* Make `child` the child of `parent` on `side`. */
static void attach(struct rb_node *parent, enum rb_side side, struct rb_node *child)
{
    parent->child[side] = child;
    if (child != NULL)
        child->parent = parent;
}

/* Move `node` down to `side`; its child on the other side takes its place. The order stays the same. */
static void rotate(struct rb_root *root, struct rb_node *node, enum rb_side side)
{
    struct rb_node *riser = node->child[other(side)];

    attach(node, other(side), riser->child[side]);
    replace(root, node, riser);
    attach(riser, side, node);
}

/* Restore the invariants where `node` is red and its parent may be red too. */
static void repair_red_pair(struct rb_root *root, struct rb_node *node)
{
    while (is_red(node->parent)) {
        struct rb_node *parent = node->parent;
        struct rb_node *grandparent = parent->parent; /* not NULL: the root is black */
        enum rb_side side = side_of(parent);
        struct rb_node *uncle = grandparent->child[other(side)];

        if (is_red(uncle)) { /* recolour, and continue two levels up */
            parent->red = uncle->red = false;
            grandparent->red = true;
            node = grandparent;
            continue;
        }
        if (side_of(node) != side) { /* make `node` an outer grandchild */
            rotate(root, parent, side);
            parent = node;
        }
        parent->red = false;
        grandparent->red = true;
        rotate(root, grandparent, other(side));
        break;
    }
    root->node->red = false;
}

void rb_insert(struct rb_root *root, struct rb_node *parent, struct rb_node **link, struct rb_node *node)
{
    *node = (struct rb_node){.parent = parent, .red = true};
    *link = node;
    repair_red_pair(root, node);
}

/* Restore the invariants where every path through the child of `parent` on `side`, missing or black, has one
 * black node too few. */
static void repair_black_height(struct rb_root *root, struct rb_node *parent, enum rb_side side)
{
    for (;;) {
        struct rb_node *sibling = parent->child[other(side)]; /* not NULL: its paths are longer */

        if (sibling->red) { /* get a black sibling */
            sibling->red = false;
            parent->red = true;
            rotate(root, parent, side);
            sibling = parent->child[other(side)];
        }
        if (is_red(sibling->child[RB_LEFT]) || is_red(sibling->child[RB_RIGHT])) {
            if (!is_red(sibling->child[other(side)])) { /* make its outer child red */
                sibling->child[side]->red = false;
                sibling->red = true;
                rotate(root, sibling, other(side));
                sibling = parent->child[other(side)];
            }
            sibling->red = parent->red;
            sibling->child[other(side)]->red = false;
            parent->red = false;
            rotate(root, parent, side);
            return;
        }
        sibling->red = true; /* now every path through `parent` has one too few */
        if (parent->red || parent->parent == NULL) {
            parent->red = false;
            return;
        }
        side = side_of(parent);
        parent = parent->parent;
    }
}

/* Remove `node`, which has at most one child. */
static void cut(struct rb_root *root, struct rb_node *node)
{
    struct rb_node *parent = node->parent;
    struct rb_node *heir = node->child[node->child[RB_LEFT] != NULL ? RB_LEFT : RB_RIGHT];
    enum rb_side side = parent != NULL ? side_of(node) : RB_LEFT;

    replace(root, node, heir);
    if (heir != NULL)
        heir->red = false; /* an only child is red and a leaf, or the black heights would differ */
    else if (parent != NULL && !node->red)
        repair_black_height(root, parent, side);
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
    struct rb_node *heir;

    if (node->child[RB_LEFT] == NULL || node->child[RB_RIGHT] == NULL) {
        cut(root, node);
        return;
    }
    heir = rb_next(node); /* the leftmost of the right subtree: it has no left child */
    cut(root, heir);
    replace(root, node, heir);
    heir->red = node->red;
    attach(heir, RB_LEFT, node->child[RB_LEFT]);
    attach(heir, RB_RIGHT, node->child[RB_RIGHT]);
}

/* The outermost node on `side` of the subtree of `node`; NULL if `node` is. */
static struct rb_node *outermost(struct rb_node *node, enum rb_side side)
{
    while (node != NULL && node->child[side] != NULL)
        node = node->child[side];
    return node;
}

/* The neighbour of `node` on `side` in order. */
static struct rb_node *neighbour(const struct rb_node *node, enum rb_side side)
{
    if (node->child[side] != NULL)
        return outermost(node->child[side], other(side));
    while (node->parent != NULL && side_of(node) == side)
        node = node->parent;
    return node->parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
    return outermost(root->node, RB_LEFT);
}

struct rb_node *rb_last(const struct rb_root *root)
{
    return outermost(root->node, RB_RIGHT);
}

struct rb_node *rb_next(const struct rb_node *node)
{
    return neighbour(node, RB_RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
    return neighbour(node, RB_LEFT);
}

/* The number of black nodes on each path down from `node`, the missing child included; 0 if an invariant is
 * broken. */
static int black_height(const struct rb_node *node, const struct rb_node *parent, int depth)
{
    int left, right;

    if (node == NULL)
        return 1;
    if (depth > MAX_DEPTH || node->parent != parent || (node->red && is_red(parent)))
        return 0;
    left = black_height(node->child[RB_LEFT], node, depth + 1);
    right = black_height(node->child[RB_RIGHT], node, depth + 1);
    if (left == 0 || left != right)
        return 0;
    return node->red ? left : left + 1;
}

bool rb_ok(const struct rb_root *root)
{
    return !is_red(root->node) && black_height(root->node, NULL, 1) != 0;
}
