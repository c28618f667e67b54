#!/bin/sh
# The tree keeps its layers, and `make layers` refuses each fault planted in a copy
# of the house. Speaks TAP.
# Environment: MAKE, BUILD.
set -u
. tests/support.sh

claim 'every include goes down' tools/layers includes
if nm "$BUILD/libmodel.a" 2>/dev/null | grep -qE '__(asan|ubsan)_'; then
    echo 'ok - libraries ask for what they may # SKIP sanitized libraries ask for more'
else
    claim 'libraries ask for what they may' tools/layers archives \
        "$BUILD/libmodel.a" "$BUILD/libsim.a" "$BUILD/libdevices.a"
fi
# What follows builds for itself, with gcc, so once is enough.
if [ "${BUILD:-build}" != build ]; then
    echo 'ok - faults that are planted are refused: the plain build tries it'
    exit
fi

copy=$(mktemp -d) || exit 3
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/model" "$copy/sim" "$copy/devices"
cp -r tools Makefile "$copy/"
cd "$copy" || exit 3
# The planted files stand alone: that is quick, and the rest was looked at above.
find tools -name '*.[ch]' -exec rm -f {} +

layers() {
    env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS "${MAKE:-make}" --no-print-directory -s \
        CC=gcc SAN= OPT=-O0 CFLAGS= CPPFLAGS= BUILD="$copy/build" layers
}

# refuses SENTENCE FILE FINDING: the text on stdin, planted in FILE, gives the line FINDING.
refuses() {
    [ ! -e "$2" ] || exit 3
    cat >"$2"
    if output=$(layers 2>&1); then
        echo "not ok - $1: nothing was found"
    elif printf '%s\n' "$output" | grep -qF "$3"; then
        echo "ok - $1"
    else
        echo "not ok - $1: the finding is not named"
        printf '%s\n' "$output"
    fi
    rm -f "$2"
}

claim 'without a fault, nothing is found' layers
refuses 'the kernel may not include the simulator' model/planted.c \
    'model/planted.c:1:#include "sim/device.h"' <<'END'
#include "sim/device.h"
END
refuses 'the kernel may not include a header of the C library' model/planted.h \
    'model/planted.h:1:#include <stdio.h>' <<'END'
#include <stdio.h>
END
refuses 'an include is written from the root' model/planted.h \
    'model/planted.h:1:#include "err.h"' <<'END'
#include "err.h"
END
refuses 'only the machine and its apps see the kernel' sim/monitor_planted.c \
    'sim/monitor_planted.c:1:#include "model/kernel.h"' <<'END'
#include "model/kernel.h"
END
refuses 'a monitor sees no kernel inside a machine either' sim/monitor_planted.c \
    'sim/monitor_planted.c:1:#include "sim/machine_value.h"' <<'END'
#include "sim/machine_value.h"
END
refuses 'a device sees nothing of the simulator but sim/device.h and sim/aes.h' devices/planted.c \
    'devices/planted.c:1:#include "sim/machine.h"' <<'END'
#include "sim/machine.h"
END
refuses 'a device sees nothing of the kernel' devices/planted.c \
    'devices/planted.c:1:#include "model/err.h"' <<'END'
#include "model/err.h"
END
refuses 'the kernel may not print' model/planted.c 'libmodel.a needs printf' <<'END'
int printf(const char *format, ...);
int planted(int value);
int planted(int value)
{
    return printf("%d", value);
}
END
refuses 'the kernel has no variables' model/planted.c 'libmodel.a has a variable: count' <<'END'
int planted(void);
int planted(void)
{
    static int count;
    return ++count;
}
END
refuses 'a device takes no memory' devices/planted.c 'libdevices.a needs malloc' <<'END'
#include <stdlib.h>
void *planted(void);
void *planted(void)
{
    return malloc(4);
}
END
