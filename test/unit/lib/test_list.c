/* SPDX-License-Identifier: MIT */
/*
 * list.h: every operation, checked in both directions.
 */
#include "lib/list.h"
#include "unit.h"

struct item {
    char name;
    struct list_node node;
};

static struct list_node head, other;
static struct item a, b, c;

static void set_up(void)
{
    list_init(&head);
    list_init(&other);
    a.name = 'a', b.name = 'b', c.name = 'c';
    list_init(&a.node);
    list_init(&b.node);
    list_init(&c.node);
}

/* Check that the list has exactly these items, and that its links are right. */
static void expect(const struct list_node *list, const char *names)
{
    char found[8];
    int n = 0;

    CHECK(list_ok(list));
    list_for_each (node, list)
        found[n++] = list_entry(node, struct item, node)->name;
    found[n] = '\0';
    CHECK_STR_EQ(found, names);
}

TEST(a_new_list_is_empty)
{
    static struct list_node initialised = LIST_INIT(initialised);

    set_up();
    CHECK(list_empty(&head) && list_empty(&initialised));
    CHECK_EQ(list_first(&head), NULL);
    CHECK_EQ(list_last(&head), NULL);
    expect(&initialised, "");
}

TEST(nodes_are_added_at_both_ends)
{
    set_up();
    list_add_tail(&head, &b.node);
    list_add_tail(&head, &c.node);
    list_add_head(&head, &a.node);
    expect(&head, "abc");
    CHECK_EQ(list_first(&head), &a.node);
    CHECK_EQ(list_last(&head), &c.node);
}

TEST(a_node_is_inserted_before_another)
{
    set_up();
    list_add_tail(&head, &c.node);
    list_insert_before(&c.node, &a.node);
    list_insert_before(&c.node, &b.node);
    expect(&head, "abc");
}

TEST(a_deleted_node_is_in_no_list_and_may_be_deleted_again)
{
    set_up();
    list_add_tail(&head, &a.node);
    list_add_tail(&head, &b.node);
    list_del(&a.node);
    CHECK(list_empty(&a.node) && !list_empty(&b.node));
    list_del(&a.node);
    expect(&head, "b");
    list_del(&b.node);
    expect(&head, "");
}

TEST(nodes_move_within_and_between_lists)
{
    set_up();
    list_add_tail(&head, &a.node);
    list_add_tail(&head, &b.node);
    list_move_tail(&head, &a.node);
    expect(&head, "ba");
    list_move_head(&head, &a.node);
    expect(&head, "ab");
    list_move_tail(&other, &a.node);
    list_move_head(&other, &c.node); /* was in no list */
    expect(&head, "b");
    expect(&other, "ca");
}

TEST(a_list_is_appended_to_another)
{
    set_up();
    list_splice_tail(&head, &other);
    expect(&head, "");
    list_add_tail(&head, &a.node);
    list_add_tail(&other, &b.node);
    list_add_tail(&other, &c.node);
    list_splice_tail(&head, &other);
    expect(&head, "abc");
    expect(&other, "");
    list_splice_tail(&other, &head);
    expect(&other, "abc");
}

TEST(a_list_is_put_before_another)
{
    set_up();
    list_splice_head(&head, &other);
    expect(&head, "");
    list_add_tail(&head, &c.node);
    list_add_tail(&other, &a.node);
    list_add_tail(&other, &b.node);
    list_splice_head(&head, &other);
    expect(&head, "abc");
    expect(&other, "");
    list_splice_head(&other, &head);
    expect(&head, "");
    expect(&other, "abc");
}

TEST(the_safe_loop_allows_removal)
{
    set_up();
    list_add_tail(&head, &a.node);
    list_add_tail(&head, &b.node);
    list_add_tail(&head, &c.node);
    list_for_each_safe (node, after, &head) {
        if (node != &b.node)
            list_del(node);
    }
    expect(&head, "b");
}

TEST(a_broken_link_is_seen)
{
    set_up();
    list_add_tail(&head, &a.node);
    list_add_tail(&head, &b.node);
    b.node.prev = &head;
    CHECK(!list_ok(&head));
    b.node.prev = &a.node;
    CHECK(list_ok(&head));
    b.node.next = &a.node; /* a ring without the head */
    CHECK(!list_ok(&head));
    b.node.next = NULL;
    CHECK(!list_ok(&head));
}
