/* story.h: operations of several streams that have to do with each other, as one mutation puts
 * them into a tape. Chance alone seldom makes two apps use the same device while something befalls
 * one of them, or the device: each would have to be drawn by itself. What each of them is stays
 * drawn.
 *
 *   story_device   one app uses a driver, once or twice; at a moment of that it is ended, or the
 *                  driver's device does something; the other app uses it, too. Or both want the
 *                  same, and one ends at once; apps wait for frames, datagrams or text, and some
 *                  come; one ends as it writes over what it has stored
 *   story_ble      the central changes the connection by the law, and is silent for a while, or a
 *                  part of what it says is lost; or it changes it at this very event; or is silent
 *                  around an instant for nearly as long as the connection bears; or the
 *                  peripheral is ended at a moment
 *   story_syscall  an app fills its memory, gives it back and has grants laid there; or an alarm
 *                  far ahead, and near ones beside it; or two apps work for longer than a slice;
 *                  or an app's queue fills with upcalls
 *   story_filter   an app's queue fills with upcalls; or one app owns a device whose line storms,
 *                  and the others work; or a device breaks that apps have; or commands whose
 *                  numbers lie around the words of a header's permissions
 *   story_leaks    one app uses something, and lets go of it; another one uses it then; frames,
 *                  datagrams or text come meanwhile; or one reads the line, and frame comes upon
 *                  frame
 */
#ifndef FUZZ_STORY_H
#define FUZZ_STORY_H

#include "fuzz/tape.h"
#include "sim/random.h"

enum { STORY_MAX = 16 }; /* operations */

/* Writes into `story`, which is empty, STORY_MAX operations at most. The first one chooses a
 * stage. */
typedef void story_teller(struct tape *story, struct random *random);

story_teller story_device, story_ble, story_syscall, story_filter, story_leaks;

#endif
