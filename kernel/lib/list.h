/*
 * list - a ring of nodes that live inside the structures they link.
 *
 * The head is a node too, so no operation has a special case. A node in no list points to itself:
 * list_empty(&thing->node) asks whether the thing is in a list, and list_del() twice does no harm.
 * Needs no memory, cannot fail; whoever owns the list brings the lock. Checking builds look at the
 * neighbours at each change: they must point at each other.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/util.h"
#include "watch/assert.h"
#include <stdbool.h>

struct list_node {
    struct list_node *prev, *next;
};

/* A head that is ready before any code runs: static struct list_node all = LIST_INIT(all); */
#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

/* The structure of type `type` whose field `member` is the node at `ptr`. */
#define list_entry(ptr, type, member) container_of(ptr, type, member)

/* Visits each node in order; `node` is declared here. The loop's body must not remove it. */
#define list_for_each(node, head) \
    for (struct list_node *node = (head)->next; node != (head); node = node->next)

/* The same, and the body may remove or free `node`, but not `after`, the one behind it. */
#define list_for_each_safe(node, after, head)                                        \
    for (struct list_node *node = (head)->next, *after = node->next; node != (head); \
         node = after, after = node->next)

/* Makes a head of an empty list, or a node in no list. */
static inline void list_init(struct list_node *node)
{
    node->prev = node->next = node;
}

/* Of a head: whether the list has no node. Of a node: whether it is in no list. */
static inline bool list_empty(const struct list_node *head)
{
    return head->next == head;
}

/* Whether `node` and the one in front of it agree that they are neighbours. */
static inline bool list_link_ok(const struct list_node *node)
{
    return node->prev->next == node;
}

/* Puts `node`, which is in no list, in front of `where`. */
static inline void list_insert_before(struct list_node *where, struct list_node *node)
{
    RULE(list_link_ok(where), "list: %p is put before %p, which its neighbour %p does not know", (void *)node,
         (void *)where, (void *)where->prev);
    node->prev = where->prev;
    node->next = where;
    where->prev->next = node;
    where->prev = node;
}

/* Puts `node`, which is in no list, first. */
static inline void list_add_head(struct list_node *head, struct list_node *node)
{
    list_insert_before(head->next, node);
}

/* Puts `node`, which is in no list, last. */
static inline void list_add_tail(struct list_node *head, struct list_node *node)
{
    list_insert_before(head, node);
}

/* Takes `node` out of its list, if it is in one. */
static inline void list_del(struct list_node *node)
{
    RULE(list_link_ok(node) && list_link_ok(node->next),
         "list: %p is taken out from %p and %p, which do not know it", (void *)node, (void *)node->prev,
         (void *)node->next);
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Takes `node` out of its list, if it is in one, and puts it first in this one. */
static inline void list_move_head(struct list_node *head, struct list_node *node)
{
    list_del(node);
    list_add_head(head, node);
}

/* Takes `node` out of its list, if it is in one, and puts it last in this one. */
static inline void list_move_tail(struct list_node *head, struct list_node *node)
{
    list_del(node);
    list_add_tail(head, node);
}

/* Moves all nodes of `from`, in order, behind the last of `head`; `from` is empty then. */
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

/* The first node; NULL when there is none. */
static inline struct list_node *list_first(const struct list_node *head)
{
    return list_empty(head) ? NULL : head->next;
}

/* The last node; NULL when there is none. */
static inline struct list_node *list_last(const struct list_node *head)
{
    return list_empty(head) ? NULL : head->prev;
}

/* Whether every neighbour points back. The walk ends even in a broken list: a node that was reached
 * twice would have two nodes behind its one `prev`. */
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
