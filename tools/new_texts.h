/* new_texts.h: what `postern new` writes, by kind. In a text: @NAME@ is the name as given, @ID@ the
 * same as an identifier of C, @UP@ in capitals as boards name devices.
 */
#ifndef TOOLS_NEW_TEXTS_H
#define TOOLS_NEW_TEXTS_H

struct new_text {
    const char *kind;  /* "device" */
    const char *end;   /* of the file's name: ".c" */
    const char *about; /* help, one line */
    const char *next;  /* to type then; TOOL, FILE, its FOLDER, that folder's NAME are put in */
    const char *text;
};

enum { NEW_KINDS = 5 };

extern const struct new_text new_texts[NEW_KINDS];

#endif
