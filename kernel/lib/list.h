/* SPDX-License-Identifier: MIT */
/*
 * list - a doubly linked ring of nodes that are members of the structures they link.
 *
 * The head is a node too, so no operation has a special case. A node in no list points to itself:
 * list_empty(&thing->node) tells whether the thing is in a list, and a second list_del() does nothing.
 * Operations allocate nothing and cannot fail; the owner of the list provides the locking. Checking builds
 * verify at each change that neighbours point at each other.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/util.h"
#include "watch/assert.h"
#include <stdbool.h>

struct list_node {
    struct list_node *prev, *next;
};

/* Initialiser of a static head: static struct list_node all = LIST_INIT(all); */
#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

/* The structure of type `type` whose field `member` is the node at `ptr`. */
#define list_entry(ptr, type, member) container_of(ptr, type, member)

/* Visit each node in order; declares `node`. The body must not remove it. */
#define list_for_each(node, head) \
    for (struct list_node *node = (head)->next; node != (head); node = node->next)

/* The same, but the body may remove or free `node`. It must not remove `after`, the node after it. */
#define list_for_each_safe(node, after, head)                                        \
    for (struct list_node *node = (head)->next, *after = node->next; node != (head); \
         node = after, after = node->next)

/* Initialise a head of an empty list, or a node in no list. */
static inline void list_init(struct list_node *node)
{
    node->prev = node->next = node;
}

/* Of a head: whether the list has no node. Of a node: whether it is in no list. */
static inline bool list_empty(const struct list_node *head)
{
    return head->next == head;
}

/* Whether the node before `node` points to it. */
static inline bool list_link_ok(const struct list_node *node)
{
    return node->prev->next == node;
}

/* Insert `node`, which is in no list, before `where`. */
static inline void list_insert_before(struct list_node *where, struct list_node *node)
{
    RULE(list_link_ok(where), "list: %p is put before %p, which its neighbour %p does not know", (void *)node,
         (void *)where, (void *)where->prev);
    node->prev = where->prev;
    node->next = where;
    where->prev->next = node;
    where->prev = node;
}

/* Insert `node`, which is in no list, as the first. */
static inline void list_add_head(struct list_node *head, struct list_node *node)
{
    list_insert_before(head->next, node);
}

/* Insert `node`, which is in no list, as the last. */
static inline void list_add_tail(struct list_node *head, struct list_node *node)
{
    list_insert_before(head, node);
}

/* Remove `node`, which is in a list. It is not initialised. */
static inline void list_take(struct list_node *node)
{
    RULE(list_link_ok(node) && list_link_ok(node->next),
         "list: %p is taken out from %p and %p, which do not know it", (void *)node, (void *)node->prev,
         (void *)node->next);
    struct list_node *prev = node->prev, *next = node->next;
    prev->next = next;
    next->prev = prev;
}

/* Remove `node` from its list, if it is in one. */
static inline void list_del(struct list_node *node)
{
    list_take(node);
    list_init(node);
}

/* Remove and return the node after `node`, which is not the head. The removed node is not initialised. */
static inline struct list_node *list_take_next(struct list_node *node)
{
    struct list_node *taken = node->next, *next = taken->next;
    RULE(list_link_ok(taken) && list_link_ok(next),
         "list: %p is taken out from %p and %p, which do not know it", (void *)taken, (void *)node,
         (void *)next);
    node->next = next;
    next->prev = node;
    return taken;
}

/* Remove `node` from its list, if it is in one, and insert it as the first of this one. */
static inline void list_move_head(struct list_node *head, struct list_node *node)
{
    list_del(node);
    list_add_head(head, node);
}

/* Remove `node` from its list, if it is in one, and insert it as the last of this one. */
static inline void list_move_tail(struct list_node *head, struct list_node *node)
{
    list_del(node);
    list_add_tail(head, node);
}

/* Move all nodes of `from`, in order, to the end of `head`; `from` is then empty. */
static inline void list_splice_tail(struct list_node *head, struct list_node *from)
{
    if (list_empty(from))
        return;
    from->next->prev = head->prev;
    from->prev->next = head;
    head->prev->next = from->next;
    head->prev = from->prev;
    list_init(from);
}

/* Move all nodes of `from`, in order, to the beginning of `head`; `from` is then empty. */
static inline void list_splice_head(struct list_node *head, struct list_node *from)
{
    list_splice_tail(head->next, from);
}

/* The first node; NULL if there is none. */
static inline struct list_node *list_first(const struct list_node *head)
{
    return list_empty(head) ? NULL : head->next;
}

/* The last node; NULL if there is none. */
static inline struct list_node *list_last(const struct list_node *head)
{
    return list_empty(head) ? NULL : head->prev;
}

/* Whether every next node points back. The walk ends even in a broken list: to enter a cycle without the head
 * it would have to reach a node from two others, and that node's `prev` points to only one of them. */
static inline bool list_ok(const struct list_node *head)
{
    const struct list_node *node = head;

    do {
        if (node->next == NULL || node->next->prev != node)
            return false;
        node = node->next;
    } while (node != head);
    return true;
}

#endif
