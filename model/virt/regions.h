/* regions.h: whose is which page of the board's storage.
 *
 *   | directory: row 0, row 1, ... | region 0 | region 1 | ...     each a page
 *                  |    `------------------------^
 *                  id, tag: two words of flash, 0xffffffff while they are nobody's
 *
 * A row is written once, at its owner's first write, its id first: the tag makes it whole. If power
 * fails between, or the id's word is not as it was written, whoever can still make that id its own
 * takes the row; the region behind it has no bytes yet. Rows are never erased, so no region ever
 * comes to another owner: not by a restart, another order of the apps, or other apps.
 */
#ifndef MODEL_VIRT_REGIONS_H
#define MODEL_VIRT_REGIONS_H

#include "model/kernel.h"

enum { REGION_ROW = 8 };      /* bytes */
#define REGION_NEW UINT32_MAX /* in the place of its number: nobody's yet */

struct region_owner {
    uint32_t words[REGION_ROW / 4]; /* as they stand in its row */
};

/* An app by its short id, a component of the kernel by its number. False: it has none. */
bool region_owner(const struct kernel *k, uint32_t client, struct region_owner *owner);

uint32_t region_count(const struct kernel *k);
uint32_t region_row(const struct kernel *k, uint32_t region);     /* address of its row */
uint32_t region_address(const struct kernel *k, uint32_t region); /* below region_count */

/* Its region; or, *is_new, one that it may claim. ERR_NOMEM: none is free; *is_new all the same. */
enum err region_find(struct kernel *k, struct hw *hw, const struct region_owner *owner,
                     uint32_t *region, bool *is_new) MUST_CHECK;

/* Its bytes from `offset` on, as many as there is room for, to kernel RAM; of a new one erased
 * ones, whatever was there before. Both are the kernel's: no error. */
void region_read(struct kernel *k, struct hw *hw, uint32_t region, uint32_t offset, struct span to);
bool region_is_blank(struct kernel *k, struct hw *hw, uint32_t region);

/* Its words from offset `from` to before `to` can be made those of the page at `page` without an
 * erasure: each is erased, or is so already. None is written twice, so that none is worn. */
bool region_takes(struct kernel *k, struct hw *hw, uint32_t region, uint32_t page, uint32_t from,
                  uint32_t to);

/* A word of the storage, or of the kernel's RAM. */
uint32_t flash_word(struct hw *hw, uint32_t address);

#endif
