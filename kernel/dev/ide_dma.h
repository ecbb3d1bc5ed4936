/*
 * bus_master - the first channel's DMA engine of a PCI IDE controller.
 */
#ifndef DEV_IDE_DMA_H
#define DEV_IDE_DMA_H

#include <stdbool.h>

#include "arch/i386/linear.h"

/* Find it and let it use memory. False: there is none. */
bool bus_master_init(void);

/* Say which frame the next transfer fills (`to_memory`), or takes its bytes from. */
void bus_master_aim(paddr_t frame, bool to_memory);

/* Begin, once the drive has its command; end, once the drive is done. */
void bus_master_start(void);
void bus_master_stop(void);

/* Whether it still moves something; whether it could not reach the memory. */
bool bus_master_active(void);
bool bus_master_failed(void);

#endif
