/* SPDX-License-Identifier: MIT */
/*
 * ide_dma - the bus master of the first channel of a PCI IDE controller.
 */
#ifndef DEV_IDE_DMA_H
#define DEV_IDE_DMA_H

#include <stdbool.h>

#include "arch/i386/linear.h"

/* Find the bus master and enable its memory access. False: there is none. */
bool ide_dma_init(void);

/* Set the frame of the next transfer and the direction: to memory, or to the disk. */
void ide_dma_prepare(paddr_t frame, bool to_memory);

/* Start, after the drive got its command; stop. */
void ide_dma_start(void);
void ide_dma_stop(void);

/* Whether a transfer is running; whether a memory access failed. */
bool ide_dma_active(void);
bool ide_dma_failed(void);

#endif
