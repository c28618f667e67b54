/* text.h: text for people: wrapped lines, times, colours; and text for JSON. */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Prints `text` in lines of at most `width` columns, each `indent` columns in. */
void text_wrap(FILE *to, const char *text, int indent, int width);
/* The same, where `indent` columns of the first line are there already. */
void text_wrap_on(FILE *to, const char *text, int indent, int width);

/* "1250.000": microseconds with three decimals; a half is rounded up. */
enum { US_TEXT_MAX = 32 };
const char *us_text(uint64_t ps, char text[US_TEXT_MAX]);
/* The earliest time that us_text writes as it writes `ps`, a whole number of nanoseconds: whoever
 * types a time that was shown means the moment that was shown, not the one behind it. */
uint64_t shown_time_ps(uint64_t ps);
const char *signed_us_text(int64_t ps, char text[US_TEXT_MAX]);

/* Bytes of the well-formed UTF-8 character at `at`; 0: there is none. */
size_t character_size(const unsigned char *at);

/* A JSON string with its quotes. What is not UTF-8 becomes U+FFFD. */
void json_write_string(FILE *to, const char *text);

/* A word that a shell reads as `word`: quoted only if it must be. */
void shell_write_word(FILE *to, const char *word);

/* --- colours: whether a stream gets them is asked once ---------------------------------------- */

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum color { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, RED_BOLD, COLORS };

/* AUTO: yes if CLICOLOR_FORCE is set and not 0; else no if NO_COLOR is set; else on a terminal that
 * is not "dumb". An empty variable is as good as none. */
bool color_wanted(enum color_choice choice, FILE *to);
/* The escape sequence, or "" where no colours are wanted. */
const char *color_code(bool wanted, enum color color);
/* An app's own colour, by its index: those of the viewer (ROLE_OWNER) as near as 256 colours come,
 * where COLORTERM or TERM say that the terminal has so many; else others, but never red, yellow or
 * green. */
const char *color_of_app(bool wanted, uint32_t app);

#endif
