/* SPDX-License-Identifier: MIT */
/*
 * rbtree: compared with a table of the keys that are present, after every step.
 */
#include "lib/rbtree.h"
#include "unit.h"

#define KEYS 150

struct item {
    int key;
    struct rb_node node;
};

static struct rb_root root;
static struct item items[KEYS];
static bool present[KEYS];

static int key_of(const struct rb_node *node)
{
    return rb_entry(node, struct item, node)->key;
}

static void set_up(void)
{
    root.node = NULL;
    for (int key = 0; key < KEYS; key++) {
        items[key].key = key;
        present[key] = false;
    }
}

static void insert(int key)
{
    struct rb_node **link = &root.node, *parent = NULL;

    while (*link != NULL) {
        parent = *link;
        link = &parent->child[key_of(parent) <= key ? RB_RIGHT : RB_LEFT];
    }
    rb_insert(&root, parent, link, &items[key].node);
    present[key] = true;
}

static void erase(int key)
{
    rb_erase(&root, &items[key].node);
    present[key] = false;
}

static int next_present(int key, int step)
{
    do {
        key += step;
    } while (key >= 0 && key < KEYS && !present[key]);
    return key;
}

/* Check the invariants, and that exactly the present keys are found, forwards and backwards. */
static void expect_present_keys(void)
{
    int key = -1;

    CHECK(rb_ok(&root));
    rb_for_each (node, &root) {
        key = next_present(key, 1);
        CHECK_EQ(key_of(node), key);
    }
    CHECK_EQ(next_present(key, 1), KEYS);

    key = KEYS;
    for (struct rb_node *node = rb_last(&root); node != NULL; node = rb_prev(node)) {
        key = next_present(key, -1);
        CHECK_EQ(key_of(node), key);
    }
    CHECK_EQ(next_present(key, -1), -1);
}

TEST(an_empty_tree_has_no_first_and_no_last)
{
    set_up();
    CHECK_EQ(rb_first(&root), NULL);
    CHECK_EQ(rb_last(&root), NULL);
    CHECK(rb_ok(&root));
}

TEST(keys_in_rising_order)
{
    set_up();
    for (int key = 0; key < KEYS; key++) {
        insert(key);
        expect_present_keys();
    }
    for (int key = 0; key < KEYS; key++) {
        erase(key);
        expect_present_keys();
    }
    CHECK_EQ(root.node, NULL);
}

TEST(keys_in_falling_order)
{
    set_up();
    for (int key = KEYS - 1; key >= 0; key--) {
        insert(key);
        expect_present_keys();
    }
    for (int key = KEYS - 1; key >= 0; key--) {
        erase(key);
        expect_present_keys();
    }
    CHECK_EQ(root.node, NULL);
}

TEST(keys_at_random)
{
    set_up();
    for (int step = 0; step < 10000; step++) {
        int key = (int)unit_below(step % 2000 < 1000 ? KEYS : 12); /* large trees and small ones */

        if (present[key])
            erase(key);
        else
            insert(key);
        expect_present_keys();
    }
}

/* A black 1 with red children 0 and 2; then each invariant is broken. */
TEST(a_broken_invariant_is_found)
{
    set_up();
    insert(1);
    CHECK(rb_ok(&root));
    items[1].node.red = true; /* a red root */
    CHECK(!rb_ok(&root));
    items[1].node.red = false;
    insert(0);
    insert(2);
    CHECK(rb_ok(&root));
    items[0].node.red = false; /* unequal black heights */
    CHECK(!rb_ok(&root));
    items[0].node.red = true;
    items[2].node.parent = &items[0].node; /* a parent link that is wrong */
    CHECK(!rb_ok(&root));
    items[2].node.parent = &items[1].node;
    CHECK(rb_ok(&root));

    insert(3);                                    /* below 2: recoloured, 0 and 2 are black now */
    items[2].node.red = items[0].node.red = true; /* 2 and 3, a red pair below a black root */
    CHECK(!rb_ok(&root));
}
