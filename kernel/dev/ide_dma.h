/*
 * bus_master - the first channel's DMA engine of a PCI IDE controller.
 */
#ifndef DEV_IDE_DMA_H
#define DEV_IDE_DMA_H

#include <stdbool.h>

#include "arch/i386/linear.h"

/* Find it and let it use memory. False: there is none. */
bool ide_dma_init(void);

/* Say which frame the next transfer fills (`to_memory`), or takes its bytes from. */
void ide_dma_prepare(paddr_t frame, bool to_memory);

/* Begin, once the drive has its command; end, once the drive is done. */
void ide_dma_start(void);
void ide_dma_stop(void);

/* Whether it still moves something; whether it could not reach the memory. */
bool ide_dma_active(void);
bool ide_dma_failed(void);

#endif
