/* cmd_view.c: `postern view`. See tools/view/view_door.h. */
#include "tools/commands.h"
#include "tools/view/view_door.h"

int cmd_view(int argc, char **argv)
{
    return view_door(argc, argv, NULL);
}
