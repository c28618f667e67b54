/* fuzz_board.c: any text as a board's file: the loader does not crash, and says where each thing is
 * wrong (fuzz/located.h). */
#include "fuzz/located.h"
#include "fuzz/target.h"
#include "tools/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct catalogue known = catalogue();
    struct problems problems = {0};
    struct board *board = board_load_text("fuzz.json", (const char *)data, size, &known, &problems);
    if (board)
        board_free(board);
    else
        located_or_abort("fuzz.json", (const char *)data, size, &problems);
    problems_free(&problems);
    return 0;
}
