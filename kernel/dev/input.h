/* SPDX-License-Identifier: MIT */
/*
 * input - the queue of typed bytes between the interrupt handlers of devices and the terminal.
 *
 * A device puts bytes while there is room and keeps the rest, so nothing is lost. Keys, which are some
 * control characters, act at once: they are not queued but remembered until input_take_keys(). All functions
 * are called with interrupts off.
 */
#ifndef DEV_INPUT_H
#define DEV_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bit of a control character in a set of keys. */
#define INPUT_KEY(letter) (1u << ((letter)&0x1F))

/* A device will put bytes. Returns whether there is one. */
void input_add_device(void);
bool input_has_device(void);

/* Let the control characters of the set `all` act as keys; of them, those of `flushing` also discard what
 * was typed before and not read yet. A flushing key that is still in the queue acts now: it was typed for the
 * program that is about to run. */
void input_set_keys(uint32_t all, uint32_t flushing);

/* Returns the set of keys that were pressed since the last call. */
uint32_t input_take_keys(void);

/* Whether a key was pressed since input_take_keys(). */
bool input_has_keys(void);

/* Whether there is room for a byte; add one, which is lost if there is no room and it is no key. */
bool input_room(void);
void input_put(char c);

/* A device lost a byte because it was not read in time; returns how many were lost since the last call. */
void input_count_lost(void);
unsigned input_take_lost(void);

/* Whether the queue holds a byte. */
bool input_waiting(void);

/* Copy the oldest bytes, `n` at most, to `to` and leave them in the queue. Returns how many there were, and
 * in *at their place in the stream, for input_drop(). */
size_t input_peek(char *to, size_t n, unsigned *at);

/* Remove the `n` bytes from place `at` on, as far as a key has not discarded them meanwhile. */
void input_drop(unsigned at, size_t n);

#endif
