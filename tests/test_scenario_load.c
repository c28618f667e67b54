/* Tests of the scenario loader: what it refuses and how it says so, and what it makes of a file.
 *
 * In texts ' stands for ": a row reads as JSON then. Messages are whole first lines.
 */
#include "model/process.h"
#include "sim/app_steps.h"
#include "sim/rules.h"
#include "tools/catalogue.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 4096 };

#define HEAD "{ 'claim': 'c', 'board': 'teaching', 'until_us': 10,\n"
#define APP(rest) HEAD "  'apps': [{ 'name': 'a', " rest " }] }"
#define OWNER(rest)                                                                                \
    HEAD "  'apps': [{ 'name': 'owner', 'variables': { 'ticks': 0 }, 'steps': [], "                \
         "'upcalls': { 'tick': [] } }],\n  " rest " }"
#define SECRETS(list) HEAD "  'apps': [{ 'name': 'owner', 'secrets': " list ", 'steps': [] }] }"
#define ON_KIT(world)                                                                              \
    "{ 'claim': 'c', 'board': 'nrf52840dk', 'until_us': 10,\n"                                     \
    "  'apps': [{ 'name': 'owner', 'steps': [] }],\n  'world': " world " }"
#define ON_SERVICES(world)                                                                         \
    "{ 'claim': 'c', 'board': 'services', 'until_us': 10,\n"                                       \
    "  'apps': [{ 'name': 'owner', 'steps': [] }],\n  'world': " world " }"
#define STEP_HEAD                                                                                  \
    HEAD "  'apps': [{ 'name': 'a', 'variables': { 'x': 0, 'count': 0 },\n    'steps': ["
#define STEP_TAIL "],\n    'upcalls': { 'tick': [] } }] }"
#define LISTS_33 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
#define X5(text) text text text text text
#define OBJECTS_300 X5(X5(X5("{'a':{'a':"))) X5(X5("{'a':{'a':")) "1" X5(X5(X5("}}"))) X5(X5("}}"))
#define LOOP "{ 'repeat': 1, 'steps': ["
#define LOOPS_9 LOOP LOOP LOOP LOOP LOOP LOOP LOOP LOOP LOOP "]}]}]}]}]}]}]}]}]}"

struct row {
    const char *why;
    const char *text; /* ' for " */
    size_t size;      /* bytes; 0: up to the NUL */
    const char *says; /* the first complaint */
};

/* Each text is refused as a whole. */
static const struct row texts[] = {
    {"trailing text", "{ 'claim': 'c' } garbage", 0,
     "t.json:1:18: error: found g: want nothing behind the one value"},
    {"two values", "{}\n{}", 0, "t.json:2:1: error: found {: want nothing behind the one value"},
    {"an empty file", "", 0, "t.json:1:1: error: the text ends too early: want a value"},
    {"only spaces", " \n ", 0, "t.json:2:2: error: the text ends too early: want a value"},
    {"a truncated file", "{ 'claim': 'c',\n  'apps': [", 0,
     "t.json:2:12: error: the text ends too early: want a value or ]"},
    {"a truncated string", "{ 'claim': 'c", 0,
     "t.json:1:12: error: the string that begins here does not end"},
    {"a trailing comma", "{ 'claim': 'c', }", 0,
     "t.json:1:17: error: found }: want a key in double quotes"},
    {"a missing comma", "{ 'claim': 'c'\n  'board': 'x' }", 0,
     "t.json:2:3: error: found \": want a comma, or the end of the list or object"},
    {"a comment", "{ // no\n}", 0,
     "t.json:1:3: error: JSON has no comments: want a \"comment\" key in an object"},
    {"a word", "{ 'seed': yes }", 0,
     "t.json:1:11: error: \"yes\" is no JSON: want a number, true, false, null, or a text in "
     "double quotes"},
    {"NaN", "{ 'seed': NaN }", 0,
     "t.json:1:11: error: \"NaN\" is no JSON: want a number, true, false, null, or a text in "
     "double quotes"},
    {"a plus", "{ 'seed': +1 }", 0,
     "t.json:1:11: error: \"+1\" is no JSON number: want decimal digits such as 10 or 0.5, or a "
     "hex string such as \"0x1f\""},
    {"a leading zero", "{ 'seed': 01 }", 0,
     "t.json:1:11: error: \"01\" is no JSON number: want decimal digits such as 10 or 0.5, or a "
     "hex string such as \"0x1f\""},
    {"a bare point", "{ 'seed': 1. }", 0,
     "t.json:1:11: error: \"1.\" is no JSON number: want decimal digits such as 10 or 0.5, or a "
     "hex string such as \"0x1f\""},
    {"no digit before the point", "{ 'seed': .5 }", 0,
     "t.json:1:11: error: \".5\" is no JSON number: want decimal digits such as 10 or 0.5, or a "
     "hex string such as \"0x1f\""},
    {"hex without quotes", "{ 'seed': 0x10 }", 0,
     "t.json:1:11: error: \"0x10\" is no JSON number: want decimal digits such as 10 or 0.5, or a "
     "hex string such as \"0x1f\""},
    {"infinity", "{ 'seed': 1e999 }", 0,
     "t.json:1:11: error: /seed: a number without an end: want one that a double holds"},
    {"past 2^53", "{ 'seed': 9007199254740993 }", 0,
     "t.json:1:11: error: /seed: a number of 2^53 or more, which a double would round: want a hex "
     "string"},
    {"2^64 - 1", "{ 'seed': 18446744073709551615 }", 0,
     "t.json:1:11: error: /seed: a number of 2^53 or more, which a double would round: want a hex "
     "string"},
    {"a raw tab", "{ 'claim': 'a\tb' }", 0,
     "t.json:1:14: error: control character 0x09 in a string: want it escaped, as \\u0009"},
    {"a raw newline", "{ 'claim': 'a\nb' }", 0,
     "t.json:1:14: error: control character 0x0a in a string: want it escaped, as \\u000a"},
    {"a NUL escape", "{ 'claim': '\\u0000x' }", 0,
     "t.json:1:13: error: \\u0000 in a string: want text without NUL"},
    {"a lone surrogate", "{ 'claim': '\\ud800' }", 0, "t.json:1:13: error: an escape that is none"},
    {"invalid UTF-8", "{ 'claim': 'a\377b' }", 0, "t.json:1:14: error: byte 0xff is not UTF-8"},
    {"an overlong form", "{ 'claim': '\300\257' }", 0,
     "t.json:1:13: error: byte 0xc0 is not UTF-8"},
    {"a surrogate in UTF-8", "{ 'claim': '\355\240\200' }", 0,
     "t.json:1:13: error: byte 0xed is not UTF-8"},
    {"past U+10FFFF", "{ 'claim': '\364\220\200\200' }", 0,
     "t.json:1:13: error: byte 0xf4 is not UTF-8"},
    {"a cut character", "{ 'claim': '\342\202", 0, "t.json:1:13: error: byte 0xe2 is not UTF-8"},
    {"a NUL byte", "{ 'claim': 'c', \000 }", 19,
     "t.json:1:17: error: found byte 0x00: want a key in double quotes"},
    {"UTF-8 outside of strings", "{ \303\251 }", 0,
     "t.json:1:3: error: found byte 0xc3: want a key in double quotes, or }"},
    {"columns count characters", "{ 'claim': '\303\251\303\251\303\251', 'x': 01 }", 0,
     "t.json:1:24: error: \"01\" is no JSON number: want decimal digits such as 10 or 0.5, or a "
     "hex string such as \"0x1f\""},
    {"a byte order mark is no column", "\357\273\277{ 'seed': 01 }", 0,
     "t.json:1:11: error: \"01\" is no JSON number: want decimal digits such as 10 or 0.5, or a "
     "hex string such as \"0x1f\""},
    {"a doubled key", "{ 'claim': 'c',\n  'claim': 'd' }", 0,
     "t.json:2:3: error: /claim: \"claim\" is there twice"},
    {"a doubled key deep down", "{ 'apps': [{}, { 'name': 'a', 'ram': 1, 'name': 'b' }] }", 0,
     "t.json:1:41: error: /apps/1/name: \"name\" is there twice"},
    {"33 lists inside one another", LISTS_33, 0, "t.json:1:33: error: nested deeper than 32"},
    {"300 objects inside one another", OBJECTS_300, 0,
     "t.json:1:161: error: nested deeper than 32"},
    {"no object", "[1, 2]", 0, "t.json:1:1: error: /: want a scenario: an object {...}"},
    {"another case is another key",
     "{ 'Claim': 'c', 'board': 'teaching', 'until_us': 10,\n  'apps': [] }", 0,
     "t.json:1:3: error: /Claim: no such key (did you mean \"claim\"?)"},
    {"a misspelt key", OWNER("'expext': {}"), 0,
     "t.json:3:3: error: /expext: no such key (did you mean \"expect\"?)"},
    {"nothing at all", "{}", 0,
     "t.json:1:1: error: /claim: missing: want a text of 1 to 1023 bytes"},
    {"a typo in the claim",
     "{ 'calim': 'c', 'board': 'teaching', 'until_us': 10,\n  'apps': [{ 'name': 'a', 'steps': [] "
     "}] }",
     0, "t.json:1:3: error: /calim: no such key (did you mean \"claim\"?)"},
    {"no such board",
     "{ 'claim': 'c', 'board': 'teching', 'until_us': 10,\n  'apps': [{ 'name': 'owner', "
     "'variables': { 'ticks': 0 }, 'steps': [], 'upcalls': { 'tick': [] } }],\n  'seed': 1 }",
     0, "t.json:1:26: error: /board: there is no boards/teching.json (did you mean \"teaching\"?)"},
    {"a board is a name",
     "{ 'claim': 'c', 'board': 5, 'until_us': 10,\n  'apps': [{ 'name': 'owner', 'variables': { "
     "'ticks': 0 }, 'steps': [], 'upcalls': { 'tick': [] } }],\n  'seed': 1 }",
     0, "t.json:1:26: error: /board: not a name: want a board's name, such as \"nrf52840dk\""},
    {"an override of the board that is none",
     "{ 'claim': 'c', 'board': { 'name': 'teaching', 'mpu_regoins': 16 }, 'until_us': 10,\n  "
     "'apps': [{ 'name': 'owner', 'variables': { 'ticks': 0 }, 'steps': [], 'upcalls': { 'tick': "
     "[] } }],\n  'seed': 1 }",
     0, "t.json:1:48: error: /board/mpu_regoins: no such key (did you mean \"mpu_regions\"?)"},
    {"an override of the board out of range",
     "{ 'claim': 'c', 'board': { 'name': 'teaching', 'mpu_regions': 12 }, 'until_us': 10,\n  "
     "'apps': [{ 'name': 'owner', 'variables': { 'ticks': 0 }, 'steps': [], 'upcalls': { 'tick': "
     "[] } }],\n  'seed': 1 }",
     0, "t.json:1:63: error: /board/mpu_regions: want 8 or 16"},
    {"two ends", OWNER("'until_ms': 1"), 0,
     "t.json:3:3: error: /until_ms: there is \"until_us\" already: want one of them"},
    {"a time finer than a picosecond",
     "{ 'claim': 'c', 'board': 'teaching', 'until_us': 0.0000001,\n  'apps': [{ 'name': 'owner', "
     "'variables': { 'ticks': 0 }, 'steps': [], 'upcalls': { 'tick': [] } }],\n  'seed': 1 }",
     0,
     "t.json:1:50: error: /until_us: 1e-07: want at most 6 decimals, and no more than it can hold"},
    {"a time with too many digits",
     "{ 'claim': 'c', 'board': 'teaching', 'until_us': 1.2345678901234567,\n  'apps': [{ 'name': "
     "'owner', 'variables': { 'ticks': 0 }, 'steps': [], 'upcalls': { 'tick': [] } }],\n  'seed': "
     "1 }",
     0, "t.json:1:50: error: /until_us: 1.23456789012346: want a number of at most 15 digits"},
    {"a negative time",
     "{ 'claim': 'c', 'board': 'teaching', 'until_us': -1,\n  'apps': [{ 'name': 'owner', "
     "'variables': { 'ticks': 0 }, 'steps': [], 'upcalls': { 'tick': [] } }],\n  'seed': 1 }",
     0, "t.json:1:50: error: /until_us: -1: want a number that is not negative"},
    {"covers nothing", OWNER("'covers': []"), 0,
     "t.json:3:13: error: /covers: a list of 0: want 1 to 32"},
    {"covers a word", OWNER("'covers': 'ABI-1.1'"), 0,
     "t.json:3:13: error: /covers: \"ABI-1.1\": want a list [...]"},
    {"covers a number", OWNER("'covers': [1]"), 0,
     "t.json:3:14: error: /covers/0: 1: want a text of 1 to 23 bytes"},
    {"covers no id", OWNER("'covers': ['ABI-1.1', 'ABI-1.']"), 0,
     "t.json:3:25: error: /covers/1: \"ABI-1.\": want a statement's id, such as \"TRD107-2.3\""},
    {"covers an id without a number", OWNER("'covers': ['ABI']"), 0,
     "t.json:3:14: error: /covers/0: \"ABI\": want a statement's id, such as \"TRD107-2.3\""},
    {"covers a small id", OWNER("'covers': ['abi-1']"), 0,
     "t.json:3:14: error: /covers/0: \"abi-1\": want a statement's id, such as \"TRD107-2.3\""},
    {"covers an id and more", OWNER("'covers': ['ABI-1.1x']"), 0,
     "t.json:3:14: error: /covers/0: \"ABI-1.1x\": want a statement's id, such as \"TRD107-2.3\""},
    {"covers an id that is long", OWNER("'covers': ['ABI-1.1.1.1.1.1.1.1.1.10']"), 0,
     "t.json:3:14: error: /covers/0: \"ABI-1.1.1.1.1.1.1.1.1.10\": want a text of 1 to 23 bytes"},
    {"covers one twice", OWNER("'covers': ['ABI-1.1', 'ABI-1.1']"), 0,
     "t.json:3:25: error: /covers/1: \"ABI-1.1\" is there twice"},
    {"a world that is a list", OWNER("'world': []"), 0,
     "t.json:3:12: error: /world: want an object {...} of peers, and \"air\""},
    {"a world that is a word", OWNER("'world': 'air'"), 0,
     "t.json:3:12: error: /world: want an object {...} of peers, and \"air\""},
    {"a peer that is a number", OWNER("'world': { 'central': 1 }"), 0,
     "t.json:3:25: error: /world/central: want an object {...} of what this peer is like"},
    {"no such type of peer", OWNER("'world': { 'centrel': {} }"), 0,
     "t.json:3:25: error: /world/centrel: \"centrel\" is not a type of peer (did you mean "
     "\"central\"?): `postern list peers` names them"},
    {"a type by \"is\" that is none", OWNER("'world': { 'one': { 'is': 'becon' } }"), 0,
     "t.json:3:29: error: /world/one/is: \"becon\" is not a type of peer (did you mean "
     "\"beacon\"?): `postern list peers` names them"},
    {"a type that is a number", OWNER("'world': { 'one': { 'is': 1 } }"), 0,
     "t.json:3:29: error: /world/one/is: want a text: the name of a type"},
    {"a peer with a capital", OWNER("'world': { 'Central': {} }"), 0,
     "t.json:3:14: error: /world/Central: want small letters, digits and _, a letter first"},
    {"a peer named like an app", OWNER("'world': { 'owner': { 'is': 'beacon' } }"), 0,
     "t.json:3:14: error: /world/owner: means something else here: want a name of its own, and "
     "\"is\" for the type"},
    {"a peer named like an event", OWNER("'world': { 'store': { 'is': 'beacon' } }"), 0,
     "t.json:3:14: error: /world/store: means something else here: want a name of its own, and "
     "\"is\" for the type"},
    {"nine peers",
     OWNER("'world': { 'a': { 'is': 'beacon' }, 'b': { 'is': 'beacon' }, 'c': { 'is': 'beacon' }, "
           "'d': { 'is': 'beacon' }, 'e': { 'is': 'beacon' }, 'f': { 'is': 'beacon' }, 'g': { "
           "'is': 'beacon' }, 'h': { 'is': 'beacon' }, 'i': { 'is': 'beacon' } }"),
     0, "t.json:3:219: error: /world/i: more than 8 peers"},
    {"no such parameter of a peer", OWNER("'world': { 'central': { 'intervall_us': 7500 } }"), 0,
     "t.json:3:27: error: /world/central/intervall_us: \"central\" has no such parameter (did you "
     "mean \"interval_us\"?)"},
    {"a time of a peer out of range", OWNER("'world': { 'central': { 'interval_us': 1 } }"), 0,
     "t.json:3:42: error: /world/central/interval_us: want 1250 to 81918750"},
    {"an interval between the steps", OWNER("'world': { 'central': { 'interval_us': 7600 } }"), 0,
     "t.json:3:42: error: /world/central/interval_us: want a multiple of 1250"},
    {"a time of a peer that is a word", OWNER("'world': { 'central': { 'timeout_ms': 'long' } }"),
     0,
     "t.json:3:41: error: /world/central/timeout_ms: \"long\": want a number that is not negative"},
    {"a number of a peer out of range", OWNER("'world': { 'central': { 'hop': 32 } }"), 0,
     "t.json:3:34: error: /world/central/hop: 32: want an integer from 0 to 31, or it in hex as a "
     "string"},
    {"a number of a peer that is a list", OWNER("'world': { 'central': { 'hop': [] } }"), 0,
     "t.json:3:34: error: /world/central/hop: a list: want an integer from 0 to 31, or it in hex "
     "as a string"},
    {"a word of a peer that is none", OWNER("'world': { 'beacon': { 'phy': '3M' } }"), 0,
     "t.json:3:33: error: /world/beacon/phy: \"3M\" is not a value of \"phy\" (did you mean "
     "\"1M\"?)"},
    {"a flag of a peer that is a number", OWNER("'world': { 'beacon': { 'listens': 1 } }"), 0,
     "t.json:3:37: error: /world/beacon/listens: 1: want true or false"},
    {"a clock that is too wrong", OWNER("'world': { 'central': { 'drift_ppm': 100001 } }"), 0,
     "t.json:3:40: error: /world/central/drift_ppm: 100001: want an integer from -100000 to "
     "100000, or it in hex as a string"},
    {"a peer too far away", OWNER("'world': { 'central': { 'position_m': 10001 } }"), 0,
     "t.json:3:41: error: /world/central/position_m: 10001: want an integer from 0 to 10000, or it "
     "in hex as a string"},
    {"a plan that is no list", OWNER("'world': { 'central': { 'plan': {} } }"), 0,
     "t.json:3:35: error: /world/central/plan: an object: want a list [...]"},
    {"an action that is none", OWNER("'world': { 'central': { 'plan': [1] } }"), 0,
     "t.json:3:36: error: /world/central/plan/0: want an object with \"at_event\" and \"do\""},
    {"an action at no event", OWNER("'world': { 'central': { 'plan': [{ 'do': 'ping' }] } }"), 0,
     "t.json:3:36: error: /world/central/plan/0/at_event: missing: want an integer from 0 to "
     "4294967295, or it in hex as a string"},
    {"an action that does nothing",
     OWNER("'world': { 'central': { 'plan': [{ 'at_event': 1 }] } }"), 0,
     "t.json:3:36: error: /world/central/plan/0/do: missing: want a text: what it does then"},
    {"an action that it cannot do",
     OWNER("'world': { 'central': { 'plan': [{ 'at_event': 1, 'do': 'pnig' }] } }"), 0,
     "t.json:3:59: error: /world/central/plan/0/do: \"pnig\" is nothing that a central does (did "
     "you mean \"ping\"?)"},
    {"an argument that the verb has not",
     OWNER("'world': { 'central': { 'plan': [{ 'at_event': 1, 'do': 'silence', 'event': 2 }] } }"),
     0,
     "t.json:3:70: error: /world/central/plan/0/event: \"silence\" has no such argument (did you "
     "mean \"events\"?)"},
    {"an argument out of range",
     OWNER("'world': { 'central': { 'plan': [{ 'at_event': 1, 'do': 'silence', 'events': 0 }] } }"),
     0,
     "t.json:3:80: error: /world/central/plan/0/events: 0: want an integer from 1 to 4294967295, "
     "or it in hex as a string"},
    {"a plan out of order",
     OWNER("'world': { 'central': { 'plan': [{ 'at_event': 2, 'do': 'ping' }, { 'at_event': 1, "
           "'do': 'ping' }] } }"),
     0,
     "t.json:3:83: error: /world/central/plan/1/at_event: want them in order: the one before is at "
     "2"},
    {"a time of a peer that has none",
     OWNER("'world': { 'central': { 'plan': [{ 'at_us': 1, 'do': 'ping' }] } }"), 0,
     "t.json:3:36: error: /world/central/plan/0: what a central does has no time: want "
     "\"at_event\""},
    {"an action of a host at no moment",
     ON_KIT("{ 'host': { 'on': 'UARTE1', 'plan': [\n"
            "{ 'do': 'silence' }] } }"),
     0, "t.json:4:1: error: /world/host/plan/0: want one of \"at_event\", \"at_us\" and \"at_ms\""},
    {"an action at an event and at a time",
     ON_KIT("{ 'host': { 'on': 'UARTE1', 'plan': [\n"
            "{ 'at_event': 1, 'at_us': 1, 'do': 'raw' }] } }"),
     0, "t.json:4:1: error: /world/host/plan/0: want one of \"at_event\", \"at_us\" and \"at_ms\""},
    {"an action at two times",
     ON_KIT("{ 'host': { 'on': 'UARTE1', 'plan': [\n"
            "{ 'at_us': 1, 'at_ms': 1, 'do': 'raw' }] } }"),
     0,
     "t.json:4:15: error: /world/host/plan/0/at_ms: there is \"at_us\" already: want one of them"},
    {"times out of order",
     ON_KIT("{ 'host': { 'on': 'UARTE1', 'plan': [\n"
            "{ 'at_us': 2, 'do': 'raw' }, { 'at_event': 0, 'do': 'raw' }, { 'at_us': 1, 'do': "
            "'raw' }] } }"),
     0, "t.json:4:62: error: /world/host/plan/2: want them in order: the one before is at 2 us"},
    {"a text that is a number",
     ON_KIT("{ 'host': { 'on': 'UARTE1', 'plan': [\n{ 'at_us': 2, 'do': 'raw', 'text': 1 }] } }"),
     0, "t.json:4:36: error: /world/host/plan/0/text: want a text of 1 to 768 bytes"},
    {"a text of nothing",
     ON_KIT("{ 'host': { 'on': 'UARTE1', 'plan': [\n{ 'at_us': 2, 'do': 'raw', 'text': '' }] } }"),
     0, "t.json:4:36: error: /world/host/plan/0/text: want a text of 1 to 768 bytes"},
    {"a text that is too long",
     ON_KIT("{ 'host': { 'on': 'UARTE1', 'plan': [\n{ 'at_us': 2, 'do': 'want_console', 'text': "
            "'123456789012345678901234567890123' }] } }"),
     0, "t.json:4:45: error: /world/host/plan/0/text: want a text of 1 to 32 bytes"},
    {"half an octet",
     ON_KIT(
         "{ 'host': { 'on': 'UARTE1', 'plan': [\n{ 'at_us': 2, 'do': 'raw', 'hex': '0a0' }] } }"),
     0, "t.json:4:35: error: /world/host/plan/0/hex: want hex of 1 to 768 bytes, such as \"0a0b\""},
    {"a hex digit that is none",
     ON_KIT("{ 'host': { 'on': 'UARTE1', 'plan': [\n{ 'at_us': 2, 'do': 'raw', 'hex': '0x' }] } }"),
     0, "t.json:4:35: error: /world/host/plan/0/hex: want hex of 1 to 768 bytes, such as \"0a0b\""},
    {"an air that is a list", OWNER("'world': { 'air': [] }"), 0,
     "t.json:3:21: error: /world/air: a list: want an object {...}"},
    {"a key of the air that is none", OWNER("'world': { 'air': { 'los_ppm': 1 } }"), 0,
     "t.json:3:23: error: /world/air/los_ppm: no such key (did you mean \"loss_ppm\"?)"},
    {"more loss than all", OWNER("'world': { 'air': { 'loss_ppm': 1000001 } }"), 0,
     "t.json:3:35: error: /world/air/loss_ppm: 1000001: want an integer from 0 to 1000000, or it "
     "in hex as a string"},
    {"an empty list of faults", OWNER("'world': { 'air': { 'faults': [] } }"), 0,
     "t.json:3:33: error: /world/air/faults: a list of 0: want 1 to 32"},
    {"a fault of nobody",
     OWNER("'world': { 'air': { 'faults': [{ 'of': 'centrl', 'first': 1 }] }, 'central': {} }"), 0,
     "t.json:3:42: error: /world/air/faults/0/of: \"centrl\" has no antenna here (did you mean "
     "\"central\"?)"},
    {"a fault of a peer without an antenna",
     ON_KIT("{ 'air': { 'faults': [{ 'of': 'chip', 'first': 1 }] },\n"
            "'chip': { 'is': 'spi-flash', 'on': 'SPIM0', 'select': 5 } }"),
     0, "t.json:3:42: error: /world/air/faults/0/of: \"chip\" has no antenna here"},
    {"a peer on a wire without a device", ON_KIT("{ 'chip': { 'is': 'spi-flash', 'select': 5 } }"),
     0,
     "t.json:3:22: error: /world/chip/on: missing: want the device on whose wire it is: a "
     "spi-flash wants SPI"},
    {"a peer on a device that there is not",
     ON_KIT("{ 'chip': { 'is': 'spi-flash', 'on': 'SPIM9', 'select': 5 } }"), 0,
     "t.json:3:49: error: /world/chip/on: \"SPIM9\" is not the name of a device of this board (did "
     "you mean \"SPIM0\"?)"},
    {"a peer on a number", ON_KIT("{ 'chip': { 'is': 'spi-flash', 'on': 1, 'select': 5 } }"), 0,
     "t.json:3:49: error: /world/chip/on: not a string: want the name of a device of this board"},
    {"a peer on a device without a wire",
     ON_KIT("{ 'chip': { 'is': 'spi-flash', 'on': 'TIMER0', 'select': 5 } }"), 0,
     "t.json:3:49: error: /world/chip/on: TIMER0 has no wire: a spi-flash wants SPI"},
    {"a peer on a device without a model",
     ON_KIT("{ 'chip': { 'is': 'spi-flash', 'on': 'SPIM3', 'select': 5 } }"), 0,
     "t.json:3:49: error: /world/chip/on: SPIM3 has no model on this board, and so no wire: a "
     "spi-flash wants SPI"},
    {"a peer on another kind of wire",
     ON_KIT("{ 'chip': { 'is': 'spi-flash', 'on': 'UARTE1', 'select': 5 } }"), 0,
     "t.json:3:49: error: /world/chip/on: UARTE1 has a UART: a spi-flash wants SPI"},
    {"a peer of the air on a wire", ON_KIT("{ 'beacon': { 'on': 'UARTE1' } }"), 0,
     "t.json:3:26: error: /world/beacon/on: \"beacon\" has no such parameter"},
    {"a peer on SPI without a pin", ON_KIT("{ 'chip': { 'is': 'spi-flash', 'on': 'SPIM0' } }"), 0,
     "t.json:3:22: error: /world/chip/select: missing: want an integer from 0 to 47, or it in hex "
     "as a string"},
    {"a peer on SPI with a pin that there is not",
     ON_KIT("{ 'chip': { 'is': 'spi-flash', 'on': 'SPIM0', 'select': 48 } }"), 0,
     "t.json:3:68: error: /world/chip/select: 48: want an integer from 0 to 47, or it in hex as a "
     "string"},
    {"a peer on SPI with an address",
     ON_KIT("{ 'chip': { 'is': 'spi-flash', 'on': 'SPIM0', 'select': 5, 'address': 9 } }"), 0,
     "t.json:3:71: error: /world/chip/address: \"spi-flash\" has no such parameter"},
    {"two peers with one pin",
     ON_KIT("{ 'chip': { 'is': 'spi-flash', 'on': 'SPIM0', 'select': 5 },\n"
            "'other': { 'is': 'spi-flash', 'on': 'SPIM2', 'select': 5 } }"),
     0, "t.json:4:56: error: /world/other/select: is taken by the peer \"chip\""},
    {"two peers on one UART",
     ON_KIT("{ 'net': { 'is': 'host', 'on': 'UARTE1' },\n"
            "'other': { 'is': 'host', 'on': 'UARTE1' } }"),
     0, "t.json:4:32: error: /world/other/on: is taken by the peer \"net\""},
    {"a voltage without an input", ON_SERVICES("{ 'knob': { 'is': 'analog', 'on': 'SAADC' } }"), 0,
     "t.json:3:22: error: /world/knob/input: missing: want an integer from 0 to 7, or it in hex as "
     "a string"},
    {"a voltage on an input that there is not",
     ON_SERVICES("{ 'knob': { 'is': 'analog', 'on': 'SAADC', 'input': 8 } }"), 0,
     "t.json:3:64: error: /world/knob/input: 8: want an integer from 0 to 7, or it in hex as a "
     "string"},
    {"a voltage on a UART",
     ON_SERVICES("{ 'knob': { 'is': 'analog', 'on': 'UARTE0', 'input': 1 } }"), 0,
     "t.json:3:46: error: /world/knob/on: UARTE0 has a UART: an analog wants analog inputs"},
    {"a computer on an analog input", ON_SERVICES("{ 'net': { 'is': 'host', 'on': 'SAADC' } }"), 0,
     "t.json:3:43: error: /world/net/on: SAADC has analog inputs: a host wants a UART"},
    {"two voltages on one input",
     ON_SERVICES("{ 'knob': { 'is': 'analog', 'on': 'SAADC', 'input': 1 },\n"
                 "'other': { 'is': 'analog', 'on': 'SAADC', 'input': 1 } }"),
     0, "t.json:4:52: error: /world/other/input: is taken by the peer \"knob\""},
    {"a voltage that is too high",
     ON_SERVICES("{ 'knob': { 'is': 'analog', 'on': 'SAADC', 'input': 1, 'mv': 5001 } }"), 0,
     "t.json:3:73: error: /world/knob/mv: 5001: want an integer from 0 to 5000, or it in hex as a "
     "string"},
    {"a voltage with a pin",
     ON_SERVICES("{ 'knob': { 'is': 'analog', 'on': 'SAADC', 'input': 1, 'select': 1 } }"), 0,
     "t.json:3:67: error: /world/knob/select: \"analog\" has no such parameter"},
    {"a fault of a device without an antenna",
     OWNER("'world': { 'air': { 'faults': [{ 'of': 'TIMER', 'first': 1 }] } }"), 0,
     "t.json:3:42: error: /world/air/faults/0/of: \"TIMER\" has no antenna here"},
    {"a changed frame of the board's",
     ON_KIT("{ 'air': { 'faults': [{ 'of': 'RADIO', 'first': 1, 'how': 'flip', 'hex': '01' }] }, "
            "'central': {} }"),
     0,
     "t.json:3:42: error: /world/air/faults/0/of: want a peer: a radio of the board makes its "
     "frames while it sends"},
    {"a frame that the board is to repeat",
     ON_KIT("{ 'air': { 'faults': [{ 'of': 'central', 'first': 1, 'how': 'repeat', 'after_us': 1, "
            "'by': 'RADIO' }] }, 'central': {} }"),
     0,
     "t.json:3:103: error: /world/air/faults/0/by: want a peer: a radio of the board makes its "
     "frames while it sends"},
    {"a change without octets",
     OWNER("'world': { 'air': { 'faults': [{ 'of': 'central', 'first': 1, 'how': 'write', 'at': 2 "
           "}] }, 'central': {} }"),
     0, "t.json:3:34: error: /world/air/faults/0: want \"hex\" of 1 to 64 bytes, such as \"0a0b\""},
    {"octets that are none",
     OWNER("'world': { 'air': { 'faults': [{ 'of': 'central', 'first': 1, 'how': 'payload', "
           "'hex': '0' }] }, 'central': {} }"),
     0,
     "t.json:3:90: error: /world/air/faults/0/hex: want \"hex\" of 1 to 64 bytes, such as "
     "\"0a0b\""},
    {"a shift without a time",
     OWNER("'world': { 'air': { 'faults': [{ 'of': 'central', 'first': 1, 'how': 'shift' }] }, "
           "'central': {} }"),
     0, "t.json:3:34: error: /world/air/faults/0: a time is missing: want \"later_us\""},
    {"a key of another way",
     OWNER("'world': { 'air': { 'faults': [{ 'of': 'central', 'first': 1, 'how': 'shift', "
           "'later_us': 1, 'hex': '00' }] }, 'central': {} }"),
     0, "t.json:3:96: error: /world/air/faults/0/hex: no such key (did you mean \"how\"?)"},
    {"a change of all frames of a time",
     OWNER("'world': { 'air': { 'faults': [{ 'from_us': 1, 'to_us': 2, 'how': 'flip', 'hex': '00' "
           "}] } }"),
     0, "t.json:3:69: error: /world/air/faults/0/how: \"flip\": want one of \"lose\", \"corrupt\""},
    {"a secret on the air",
     OWNER("'world': { 'central': { 'plan': [{ 'at_event': 1, 'do': 'pdu', 'hex': '00', "
           "'secret_of': 'owner' }] } }"),
     0,
     "t.json:3:92: error: /world/central/plan/0/secret_of: \"pdu\" has no octets that could be a "
     "secret"},
    {"a fault from frame 0 on",
     OWNER("'world': { 'air': { 'faults': [{ 'of': 'central', 'first': 0 }] }, 'central': {} }"), 0,
     "t.json:3:62: error: /world/air/faults/0/first: 0: want an integer from 1 to 4294967295, or "
     "it in hex as a string"},
    {"a fault that ends before it begins",
     OWNER("'world': { 'air': { 'faults': [{ 'of': 'central', 'first': 3, 'last': 2 }] }, "
           "'central': {} }"),
     0,
     "t.json:3:73: error: /world/air/faults/0/last: 2: want an integer from 3 to 4294967295, or it "
     "in hex as a string"},
    {"a fault of a sender at a time",
     OWNER("'world': { 'air': { 'faults': [{ 'of': 'central', 'first': 3, 'from_us': 2 }] }, "
           "'central': {} }"),
     0, "t.json:3:65: error: /world/air/faults/0/from_us: no such key"},
    {"a fault at no time", OWNER("'world': { 'air': { 'faults': [{ 'how': 'lose' }] } }"), 0,
     "t.json:3:34: error: /world/air/faults/0: a time is missing: want \"from_us\" or \"from_ms\""},
    {"a time of a fault that ends first",
     OWNER("'world': { 'air': { 'faults': [{ 'from_us': 2, 'to_us': 2 }] } }"), 0,
     "t.json:3:34: error: /world/air/faults/0: it ends before it begins"},
    {"a way to fail that is none",
     OWNER("'world': { 'air': { 'faults': [{ 'from_us': 2, 'to_us': 3, 'how': 'loose' }] } }"), 0,
     "t.json:3:69: error: /world/air/faults/0/how: \"loose\": want one of \"lose\", \"corrupt\" "
     "(did you mean \"lose\"?)"},
    {"a frequency out of the band",
     OWNER("'world': { 'air': { 'faults': [{ 'from_us': 2, 'to_us': 3, 'mhz': 2399 }] } }"), 0,
     "t.json:3:69: error: /world/air/faults/0/mhz: 2399: want an integer from 2400 to 2500, or it "
     "in hex as a string"},
    {"a fact that a peer has not",
     OWNER("'world': { 'central': {} }, 'expect': { 'central': { 'lat': 1 } }"), 0,
     "t.json:3:56: error: /expect/central/lat: nothing that can be asked of \"central\" (did you "
     "mean \"late\"?)"},
    {"a word that a fact has not",
     OWNER("'world': { 'central': {} }, 'expect': { 'central': { 'state': 'closd' } }"), 0,
     "t.json:3:65: error: /expect/central/state: \"closd\" is not a value of \"state\" (did you "
     "mean \"closed\"?)"},
    {"a word for a fact of numbers",
     OWNER("'world': { 'central': {} }, 'expect': { 'central': { 'reason': 'late' } }"), 0,
     "t.json:3:66: error: /expect/central/reason: \"late\": want an integer from 0 to 4294967295, "
     "or it in hex as a string"},
    {"a fact that an app has not", OWNER("'expect': { 'owner': { 'late': 1 } }"), 0,
     "t.json:3:26: error: /expect/owner/late: nothing that can be asked of \"steps\" (did you mean "
     "\"state\"?)"},
    {"what is expected of a peer is a list",
     OWNER("'world': { 'central': {} }, 'expect': { 'central': [] }"), 0,
     "t.json:3:54: error: /expect/central: want an object {...} of what it is like at the end"},
    {"a note that a peer has not",
     OWNER("'world': { 'central': {} }, 'expect': { 'absent': { 'event': 'peer-note central missd' "
           "} }"),
     0,
     "t.json:3:64: error: /expect/absent/event: \"missd\" is not a note of that peer (did you mean "
     "\"missed\"?)"},
    {"a note of no peer", OWNER("'expect': { 'absent': { 'event': 'peer-note missed' } }"), 0,
     "t.json:3:36: error: /expect/absent/event: \"missed\" is not a peer, or a note of one"},
    {"no apps", HEAD "  'apps': [] }", 0, "t.json:2:11: error: /apps: a list of 0: want 1 to 64"},
    {"an app without a name", HEAD "  'apps': [{ 'steps': [] }] }", 0,
     "t.json:2:12: error: /apps/0/name: missing: want a text of 1 to 31 bytes"},
    {"an app that does nothing", HEAD "  'apps': [{ 'name': 'a' }] }", 0,
     "t.json:2:12: error: /apps/0: an app that does nothing: want \"steps\" or \"program\""},
    {"two apps of one name", APP("'steps': [] }, { 'name': 'a', 'steps': []"), 0,
     "t.json:2:52: error: /apps/1/name: \"a\" means something else here, or is another app's: want "
     "a name of its own"},
    {"an app named like a key of expect", HEAD "  'apps': [{ 'name': 'count', 'steps': [] }] }", 0,
     "t.json:2:22: error: /apps/0/name: \"count\" means something else here, or is another app's: "
     "want a name of its own"},
    {"an app named like an event", HEAD "  'apps': [{ 'name': 'store', 'steps': [] }] }", 0,
     "t.json:2:22: error: /apps/0/name: \"store\" means something else here, or is another app's: "
     "want a name of its own"},
    {"an app with a capital", HEAD "  'apps': [{ 'name': 'Owner', 'steps': [] }] }", 0,
     "t.json:2:22: error: /apps/0/name: \"Owner\": want small letters, digits and _, a letter "
     "first"},
    {"no such program", APP("'program': 'hig'"), 0,
     "t.json:2:38: error: /apps/0/program: \"hig\" is not a program (did you mean \"hog\"?)"},
    {"no such parameter", APP("'program': 'hog', 'parameters': { 'wirk_us': 1 }"), 0,
     "t.json:2:61: error: /apps/0/parameters/wirk_us: \"hog\" has no such parameter, or not such a "
     "value: works without a pause; parameter busy_cycles: then yields for ever"},
    {"no such program, and none is near", APP("'program': 'mine'"), 0,
     "t.json:2:38: error: /apps/0/program: \"mine\" is not a program (of your own? `make "
     "EXTRA=folder` builds a runner that knows it)"},
    {"a handler of an app that is misspelt",
     OWNER("'expect': { 'count': { 'event': 'upcall ownr tick', 'is': 1 } }"), 0,
     "t.json:3:35: error: /expect/count/event: \"ownr\" is not an app: want the app's name before "
     "its handler's (did you mean \"owner\"?)"},
    {"a program with steps", APP("'program': 'hog', 'steps': []"), 0,
     "t.json:2:45: error: /apps/0/steps: an app with a \"program\" has no \"steps\""},
    {"a program that plays once", APP("'program': 'hog', 'once': true"), 0,
     "t.json:2:45: error: /apps/0/once: an app with a \"program\" has no \"once\""},
    {"handlers of an app that plays once", APP("'steps': [], 'once': true, 'upcalls': {}"), 0,
     "t.json:2:54: error: /apps/0/upcalls: an app that plays each step once has no handlers of its "
     "own: an upcall goes on with the next step"},
    {"once as a number", APP("'steps': [], 'once': 1"), 0,
     "t.json:2:48: error: /apps/0/once: 1: want true or false"},
    {"parameters without a program", APP("'steps': [], 'parameters': {}"), 0,
     "t.json:2:40: error: /apps/0/parameters: only an app with a \"program\" has parameters"},
    {"a negative size", APP("'steps': [], 'ram': -1"), 0,
     "t.json:2:47: error: /apps/0/ram: -1: want an integer from 32 to 16777216, or it in hex as a "
     "string"},
    {"more at the start than there is", APP("'steps': [], 'ram': { 'size': 64, 'initial': 128 }"),
     0,
     "t.json:2:72: error: /apps/0/ram/initial: 128: want an integer from 0 to 64, or it in hex as "
     "a string"},
    {"a fault policy that is none", APP("'steps': [], 'fault_policy': 'retsart'"), 0,
     "t.json:2:56: error: /apps/0/fault_policy: \"retsart\": want one of \"panic\", \"stop\", "
     "\"restart\", \"restart-at-most\" (did you mean \"restart\"?)"},
    {"a limit without its policy", APP("'steps': [], 'restart_limit': 3"), 0,
     "t.json:2:40: error: /apps/0/restart_limit: want it only beside \"fault_policy\": "
     "\"restart-at-most\""},
    {"a limit left out", APP("'steps': [], 'fault_policy': 'restart-at-most'"), 0,
     "t.json:2:12: error: /apps/0/restart_limit: missing: want an integer from 0 to 4294967295, or "
     "it in hex as a string"},
    {"a request for no device", APP("'steps': [], 'requests': [{ 'device': 'TIMER7' }]"), 0,
     "t.json:2:65: error: /apps/0/requests/0/device: \"TIMER7\" is not the name of a device of "
     "this board (did you mean \"TIMER\"?)"},
    {"a permission for no driver",
     APP("'steps': [], 'permissions': [{ 'driver': 'alrm', 'commands': [1] }]"), 0,
     "t.json:2:68: error: /apps/0/permissions/0/driver: \"alrm\" is not the name of a driver (nor "
     "a number) (did you mean \"alarm\"?)"},
    {"a scheduler that is none", OWNER("'kernel': { 'scheduler': 'prioritty' }"), 0,
     "t.json:3:28: error: /kernel/scheduler: \"prioritty\": want one of \"round-robin\", "
     "\"cooperative\", \"priority\", \"mlfq\" (did you mean \"priority\"?)"},
    {"no such preset", OWNER("'kernel': { 'costs': 'm4-301' }"), 0,
     "t.json:3:24: error: /kernel/costs: \"m4-301\": want one of \"trap-80\", \"m4-300\", "
     "\"m4-450\", \"ibex-1094\", \"ibex-2268\", \"ibex-5172\", \"zero\" (did you mean "
     "\"m4-300\"?)"},
    {"no such cost", OWNER("'kernel': { 'costs': { 'preset': 'm4-300', 'syscal_dispatch': 5 } }"),
     0,
     "t.json:3:46: error: /kernel/costs/syscal_dispatch: no such cost (did you mean "
     "\"syscall_dispatch\"?)"},
    {"a cost that is none", OWNER("'kernel': { 'costs': { 'command': 'dear' } }"), 0,
     "t.json:3:37: error: /kernel/costs/command: \"dear\": want an integer from 0 to 100000000, or "
     "it in hex as a string"},
    {"no such variable at the end", OWNER("'expect': { 'owner': { 'variables': { 'tick': 1 } } }"),
     0,
     "t.json:3:41: error: /expect/owner/variables/tick: \"tick\" is not a variable of \"owner\" "
     "(did you mean \"ticks\"?)"},
    {"no such app at the end", OWNER("'expect': { 'ownr': { 'state': 'yielded' } }"), 0,
     "t.json:3:15: error: /expect/ownr: no such key, and no app's name or peer's (did you mean "
     "\"owner\"?)"},
    {"no such state", OWNER("'expect': { 'owner': { 'state': 'yeilded' } }"), 0,
     "t.json:3:35: error: /expect/owner/state: \"yeilded\": want one of \"running\", \"yielded\", "
     "\"yielded-for\", \"faulted\", \"terminated\" (did you mean \"yielded\"?)"},
    {"a count of nothing", OWNER("'expect': { 'count': { 'event': 'upcall owner tick' } }"), 0,
     "t.json:3:24: error: /expect/count: want \"is\", or \"min\" or \"max\" or both"},
    {"a count of both",
     OWNER("'expect': { 'count': { 'event': 'upcall owner tick', 'is': 1, 'max': 2 } }"), 0,
     "t.json:3:24: error: /expect/count: want \"is\", or \"min\" or \"max\" or both"},
    {"a count that any number meets",
     OWNER("'expect': { 'count': { 'event': 'upcall owner tick', 'min': 0 } }"), 0,
     "t.json:3:24: error: /expect/count: any number would do: want a \"min\" above 0, or a "
     "\"max\""},
    {"no such event", OWNER("'expect': { 'count': { 'event': 'upcal owner tick', 'is': 1 } }"), 0,
     "t.json:3:35: error: /expect/count/event: \"upcal\" is not an event or an app (did you mean "
     "\"upcall\"?)"},
    {"no such handler in an event",
     OWNER("'expect': { 'count': { 'event': 'upcall owner tock', 'is': 1 } }"), 0,
     "t.json:3:35: error: /expect/count/event: \"tock\" is not a handler of that app (did you mean "
     "\"tick\"?)"},
    {"a line's end in a name stays on the complaint's line",
     OWNER("'expect': { 'count': { 'event': 'u\\n\\tp', 'is': 1 } }"), 0,
     "t.json:3:35: error: /expect/count/event: \"u\\x0a\\x09p\" is not an event or an app"},
    {"no such app in an event", OWNER("'expect': { 'count': { 'event': 'ownr upcall', 'is': 1 } }"),
     0,
     "t.json:3:35: error: /expect/count/event: \"ownr\" is not an event or an app (did you mean "
     "\"owner\"?)"},
    {"a line of no device", OWNER("'expect': { 'count': { 'event': 'irq TIMR', 'is': 1 } }"), 0,
     "t.json:3:35: error: /expect/count/event: \"TIMR\" is not a device of this board (did you "
     "mean \"TIMER\"?)"},
    {"no such register in an event",
     OWNER("'expect': { 'count': { 'event': 'owner store TIMER.CC[9]', 'is': 1 } }"), 0,
     "t.json:3:35: error: /expect/count/event: TIMER has no register \"CC[9]\" (did you mean "
     "\"CC[0]\"?)"},
    {"too many words in an event",
     OWNER("'expect': { 'count': { 'event': 'irq TIMER TIMER', 'is': 1 } }"), 0,
     "t.json:3:35: error: /expect/count/event: \"TIMER\" is a word too many"},
    {"an app in an event of nobody",
     OWNER("'expect': { 'count': { 'event': 'owner irq TIMER', 'is': 1 } }"), 0,
     "t.json:3:35: error: /expect/count/event: \"irq\" is not an app's event: want no app's name"},
    {"latency without a bound", OWNER("'expect': { 'latency': { 'from': 'irq', 'to': 'upcall' } }"),
     0, "t.json:3:26: error: /expect/latency: a time is missing: want \"max_us\" or \"max_ms\""},
    {"no such rule", OWNER("'expect': { 'breaks': [{ 'rule': 'reech', 'why': 'so' }] }"), 0,
     "t.json:3:36: error: /expect/breaks/0/rule: \"reech\" is not a rule (did you mean "
     "\"reach\"?): `postern explain` lists them"},
    {"a break without a reason", OWNER("'expect': { 'breaks': [{ 'rule': 'reach' }] }"), 0,
     "t.json:3:26: error: /expect/breaks/0/why: missing: want a text of 1 to 127 bytes"},
    {"an injection of nothing", OWNER("'inject': [{ 'at_us': 1 }]"), 0,
     "t.json:3:14: error: /inject/0: nothing to inject: want a key such as \"kill\""},
    {"an injection at no time", OWNER("'inject': [{ 'kill': 'owner' }]"), 0,
     "t.json:3:14: error: /inject/0: a moment is missing: want \"at_us\", \"at_ms\" or "
     "\"at_event\""},
    {"an injection at two times",
     OWNER("'inject': [{ 'kill': 'owner', 'at_us': 1, 'at_event': 'irq' }]"), 0,
     "t.json:3:45: error: /inject/0/at_event: there is a time already: want one of them"},
    {"two injections in one",
     OWNER("'inject': [{ 'kill': 'owner', 'fault': 'owner', 'at_us': 1 }]"), 0,
     "t.json:3:33: error: /inject/0/fault: two injections in one object: want one"},
    {"no such injection", OWNER("'inject': [{ 'kil': 'owner', 'at_us': 1 }]"), 0,
     "t.json:3:16: error: /inject/0/kil: no such key (did you mean \"kill\"?)"},
    {"reads that are none",
     OWNER(
         "'inject': [{ 'force': { 'register': 'TIMER.CC[0]', 'value': 1, 'reads': 0 }, 'at_us': 1 "
         "}]"),
     0,
     "t.json:3:75: error: /inject/0/force/reads: 0: want an integer from 1 to 4294967295, or it in "
     "hex as a string"},
    {"a delay of no length", OWNER("'inject': [{ 'delay': { 'device': 'TIMER' }, 'at_us': 1 }]"), 0,
     "t.json:3:25: error: /inject/0/delay: a time is missing: want \"by_us\" or \"by_ms\""},
    {"counted from two times",
     OWNER(
         "'inject': [{ 'kill': 'owner', 'at_event': { 'event': 'irq', 'from_us': 1, 'from_ms': 1 } "
         "}]"),
     0,
     "t.json:3:77: error: /inject/0/at_event/from_ms: there is \"from_us\" already: want one of "
     "them"},
    {"an injection into no app", OWNER("'inject': [{ 'kill': 'ownr', 'at_us': 1 }]"), 0,
     "t.json:3:24: error: /inject/0/kill: \"ownr\" is not the name of an app (did you mean "
     "\"owner\"?)"},
    {"a poke outside of RAM",
     OWNER("'inject': [{ 'poke': { 'address': 'TIMER', 'value': 1 }, 'at_us': 1 }]"), 0,
     "t.json:3:37: error: /inject/0/poke/address: not in RAM: want 4 bytes of RAM, such as "
     "\"kernel.ram+0x10\""},
    {"a poke into an app",
     OWNER("'inject': [{ 'poke': { 'address': 'owner.ram', 'value': 1 }, 'at_us': 1 }]"), 0,
     "t.json:3:37: error: /inject/0/poke/address: \"owner.ram\": where an app's memory lies is "
     "known only while it runs: want an address that is known before"},
    {"a forced register that is none",
     OWNER("'inject': [{ 'force': { 'register': 'TIMER.CC[4]', 'value': 1 }, 'at_us': 1 }]"), 0,
     "t.json:3:39: error: /inject/0/force/register: TIMER has no register \"CC[4]\" (did you mean "
     "\"CC[0]\"?)"},
    {"seed and seeds", OWNER("'seed': 1, 'seeds': 3"), 0,
     "t.json:3:14: error: /seeds: there is \"seed\" already: want one of them"},
    {"a sweep that leads nowhere", OWNER("'sweep': { 'apps.ownr.ram': [64, 128] }"), 0,
     "t.json:3:14: error: /sweep/apps.ownr.ram: leads nowhere in this scenario: want keys with "
     "dots between them"},
    {"a sweep of a key that is none", OWNER("'sweep': { 'kernel.sheduler': ['priority'] }"), 0,
     "t.json:1:1: error: /kernel/sheduler: no such key (did you mean \"scheduler\"?), in member "
     "#kernel.sheduler=priority@1"},
    {"a sweep of objects", OWNER("'sweep': { 'kernel': [{}] }"), 0,
     "t.json:3:25: error: /sweep/kernel/0: want a number, true, false, or a word without any of "
     "\",=@# /\""},
    {"a swept value that is none", OWNER("'sweep': { 'kernel.scheduler': ['priority', 'prio'] }"),
     0,
     "t.json:1:1: error: /kernel/scheduler: \"prio\": want one of \"round-robin\", "
     "\"cooperative\", \"priority\", \"mlfq\", in member #kernel.scheduler=prio@1"},
    {"secrets that are no list", SECRETS("{}"), 0,
     "t.json:2:42: error: /apps/0/secrets: an object: want a list [...]"},
    {"a secret of the kernel's", SECRETS("[{ 'at': 'kernel.ram', 'size': 4 }]"), 0,
     "t.json:2:51: error: /apps/0/secrets/0/at: not inside this app's memory: want a place such as "
     "\"app.ram+0x100\""},
    {"a secret past the end", SECRETS("[{ 'at': 'app.ram+0xffe', 'size': 4 }]"), 0,
     "t.json:2:76: error: /apps/0/secrets/0/size: more than the 2 bytes from there to the end of "
     "the app's memory"},
    {"a secret of nothing", SECRETS("[{ 'at': 'app.ram', 'size': 0 }]"), 0,
     "t.json:2:70: error: /apps/0/secrets/0/size: 0: want an integer from 1 to 4294967295, or it "
     "in hex as a string"},
    {"nothing declassified", OWNER("'declassify': []"), 0,
     "t.json:3:17: error: /declassify: a list of 0: want 1 to 16"},
    {"declassified, but what?", OWNER("'declassify': [{ 'driver': 0, 'why': 'w' }]"), 0,
     "t.json:3:18: error: /declassify/0: want one of \"upcall\" and \"command\" beside \"driver\""},
    {"declassified, of what?", OWNER("'declassify': [{ 'why': 'w' }]"), 0,
     "t.json:3:18: error: /declassify/0: want one of \"driver\", \"app\" and \"times_of\""},
    {"declassified twice",
     OWNER("'declassify': [{ 'driver': 0, 'upcall': 0, 'command': 1, 'why': 'w' }]"), 0,
     "t.json:3:18: error: /declassify/0: want one of \"upcall\" and \"command\" beside \"driver\""},
    {"declassified for no reason", OWNER("'declassify': [{ 'driver': 0, 'upcall': 0 }]"), 0,
     "t.json:3:18: error: /declassify/0/why: missing: want a text of 1 to 159 bytes"},
    {"declassified to nobody",
     OWNER("'declassify': [{ 'app': 'x', 'at': 'app.ram', 'size': 4, 'why': 'w' }]"), 0,
     "t.json:3:27: error: /declassify/0/app: \"x\" is not the name of an app"},
    {"a secret of nobody's",
     OWNER("'inject': [{ 'at_us': 1, 'receive': { 'device': 'UART', 'text': 'x', 'secret_of': 'x' "
           "} }]"),
     0, "t.json:3:85: error: /inject/0/receive/secret_of: \"x\" is not the name of an app"},
    {"a family too large", OWNER("'seeds': 4096, 'sweep': { 'seed': [1, 2] }"), 0,
     "t.json:3:18: error: /sweep: more than 4096 members: want fewer values, or fewer seeds"},
};

/* Each is a step that is refused, in an app with variables x and count and a handler tick. */
static const struct row steps[] = {
    {"no verb", "{ 'expect': 'success' }", 0,
     "t.json:3:17: error: /apps/0/steps/0/expect: a step without a verb: \"expect\" is none (did "
     "you mean \"exit\"?)"},
    {"a misspelt verb", "{ 'comand': { 'driver': 'alarm', 'number': 1 } }", 0,
     "t.json:3:17: error: /apps/0/steps/0/comand: a step without a verb: \"comand\" is none (did "
     "you mean \"command\"?)"},
    {"two verbs", "{ 'yield': 'wait', 'crash': true }", 0,
     "t.json:3:34: error: /apps/0/steps/0/crash: \"yield\" and \"crash\" in one step: want one "
     "verb"},
    {"an empty step", "{}", 0,
     "t.json:3:15: error: /apps/0/steps/0: want a step: an object with a verb, such as {\"yield\": "
     "\"wait\"}"},
    {"no step", "7", 0,
     "t.json:3:15: error: /apps/0/steps/0: want a step: an object with a verb, such as {\"yield\": "
     "\"wait\"}"},
    {"another verb's key", "{ 'yield': 'wait', 'value': 1 }", 0,
     "t.json:3:34: error: /apps/0/steps/0/value: no such key"},
    {"no such driver", "{ 'command': { 'driver': 'pasthrough', 'number': 1 } }", 0,
     "t.json:3:40: error: /apps/0/steps/0/command/driver: \"pasthrough\" is not the name of a "
     "driver (nor a number) (did you mean \"passthrough\"?)"},
    {"a command without a number", "{ 'command': { 'driver': 'alarm' } }", 0,
     "t.json:3:28: error: /apps/0/steps/0/command/number: missing: want a number, hex such as "
     "\"0x1f\", or a name"},
    {"three arguments", "{ 'command': { 'driver': 'alarm', 'number': 1, 'args': [1, 2, 3] } }", 0,
     "t.json:3:70: error: /apps/0/steps/0/command/args: a list of 3: want 0 to 2"},
    {"no such device",
     "{ 'command': { 'driver': 'passthrough', 'number': 2, 'args': ['TIMR', 1] } }", 0,
     "t.json:3:77: error: /apps/0/steps/0/command/args/0: \"TIMR\" is no address: want hex such as "
     "\"0x40009000\", or a device, register, app or memory (did you mean \"TIMER\"?)"},
    {"a value past 32 bits", "{ 'store': 'TIMER.CC[0]', 'value': '0x100000000' }", 0,
     "t.json:3:50: error: /apps/0/steps/0/value: \"0x100000000\" is more than 32 bits: want at "
     "most 0xffffffff"},
    {"an access that expects a misspelt word", "{ 'load': 'TIMER.CC[0]', 'expect': 'falt' }", 0,
     "t.json:3:50: error: /apps/0/steps/0/expect: \"falt\": want one of \"ok\", \"fault\" (did you "
     "mean \"fault\"?)"},
    {"no such register", "{ 'load': 'TIMER.CC[7]' }", 0,
     "t.json:3:25: error: /apps/0/steps/0/load: TIMER has no register \"CC[7]\" (did you mean "
     "\"CC[0]\"?)"},
    {"a register by a wrong name", "{ 'store': 'TIMER.PRESCALR', 'value': 1 }", 0,
     "t.json:3:26: error: /apps/0/steps/0/store: TIMER has no register \"PRESCALR\" (did you mean "
     "\"PRESCALER\"?)"},
    {"no such part of an app", "{ 'load': 'app.rom' }", 0,
     "t.json:3:25: error: /apps/0/steps/0/load: \"app.rom\": want .ram, .flash, .break or .end "
     "behind the app's name (did you mean \"ram\"?)"},
    {"an offset that is none", "{ 'load': 'app.ram+x' }", 0,
     "t.json:3:25: error: /apps/0/steps/0/load: \"app.ram+x\": want a number behind + or -, such "
     "as +0x40"},
    {"a number past 32 bits", "{ 'load': 4294967296 }", 0,
     "t.json:3:25: error: /apps/0/steps/0/load: 4294967296: want an integer from -2147483648 to "
     "4294967295, or it in hex as a string"},
    {"a fraction as an address", "{ 'load': 1.5 }", 0,
     "t.json:3:25: error: /apps/0/steps/0/load: 1.5: want an integer from -2147483648 to "
     "4294967295, or it in hex as a string"},
    {"a size of three", "{ 'load': 'app.ram', 'size': 3 }", 0,
     "t.json:3:44: error: /apps/0/steps/0/size: want 1, 2 or 4"},
    {"a store without a value", "{ 'store': 'app.ram' }", 0,
     "t.json:3:15: error: /apps/0/steps/0/value: missing: want a number, hex such as \"0x1f\", or "
     "a name"},
    {"no such upcall", "{ 'subscribe': { 'driver': 'alarm', 'number': 0, 'upcall': 'tik' } }", 0,
     "t.json:3:74: error: /apps/0/steps/0/subscribe/upcall: \"tik\": want one of this app's "
     "\"upcalls\", or null (did you mean \"tick\"?)"},
    {"a subscribe without an upcall", "{ 'subscribe': { 'driver': 'alarm', 'number': 0 } }", 0,
     "t.json:3:30: error: /apps/0/steps/0/subscribe/upcall: missing: want one of this app's "
     "\"upcalls\", or null"},
    {"no such variable", "{ 'set': { 'cuont': 1 } }", 0,
     "t.json:3:35: error: /apps/0/steps/0/set/cuont: \"cuont\" is not in this app's \"variables\" "
     "(did you mean \"count\"?)"},
    {"no such variable as a value", "{ 'set': { 'x': '$cont' } }", 0,
     "t.json:3:31: error: /apps/0/steps/0/set/x: \"cont\" is not in this app's \"variables\" (did "
     "you mean \"count\"?)"},
    {"an argument outside of a handler", "{ 'set': { 'x': '$arg0' } }", 0,
     "t.json:3:31: error: /apps/0/steps/0/set/x: \"$arg0\": only an upcall handler has arguments"},
    {"no such error", "{ 'command': { 'driver': 'alarm', 'number': 1 }, 'expect': 'BUSSY' }", 0,
     "t.json:3:74: error: /apps/0/steps/0/expect: \"BUSSY\": want one of \"success\", \"failure\", "
     "\"FAIL\", \"BUSY\", \"ALREADY\", \"OFF\", \"RESERVE\", \"INVAL\", \"SIZE\", \"CANCEL\", "
     "\"NOMEM\", \"NOSUPPORT\", \"NODEVICE\", \"UNINSTALLED\", \"NOACK\" (did you mean \"BUSY\"?)"},
    {"an expectation of another step", "{ 'store': 'app.ram', 'value': 1, 'expect': 'success' }", 0,
     "t.json:3:59: error: /apps/0/steps/0/expect: \"success\": want one of \"ok\", \"fault\""},
    {"a range that any value meets", "{ 'load': 'app.ram', 'expect': {} }", 0,
     "t.json:3:46: error: /apps/0/steps/0/expect: any value would do: want a \"min\" above 0, or a "
     "\"max\""},
    {"a value expected of a store", "{ 'store': 'app.ram', 'value': 1, 'expect': 5 }", 0,
     "t.json:3:59: error: /apps/0/steps/0/expect: 5: want one of \"ok\", \"fault\""},
    {"an expectation of a yield", "{ 'yield': 'wait', 'expect': 'success' }", 0,
     "t.json:3:15: error: /apps/0/steps/0: only a yield with \"wait_for\" has results: want no "
     "\"expect\""},
    {"no such yield", "{ 'yield': 'wiat' }", 0,
     "t.json:3:26: error: /apps/0/steps/0/yield: \"wiat\": want one of \"no-wait\", \"wait\" (did "
     "you mean \"wait\"?)"},
    {"no such memop", "{ 'memop': { 'operation': 'brrk' } }", 0,
     "t.json:3:41: error: /apps/0/steps/0/memop/operation: \"brrk\": want one of \"brk\", "
     "\"sbrk\", \"ram_start\", \"ram_end\", \"flash_start\", \"flash_end\", \"grant_start\", "
     "\"flash_regions\", \"flash_region_start\", \"flash_region_end\", \"stack_start\", "
     "\"heap_start\" (did you mean \"brk\"?)"},
    {"no such exit", "{ 'exit': 'halt' }", 0,
     "t.json:3:25: error: /apps/0/steps/0/exit: \"halt\": want one of \"terminate\", \"restart\""},
    {"an assertion of nothing", "{ 'assert': '$x' }", 0,
     "t.json:3:15: error: /apps/0/steps/0: want one of \"is\", \"not\", or \"min\" and \"max\""},
    {"an assertion of two things", "{ 'assert': '$x', 'is': 1, 'not': 2 }", 0,
     "t.json:3:15: error: /apps/0/steps/0: want one of \"is\", \"not\", or \"min\" and \"max\""},
    {"a loop without steps", "{ 'repeat': 3 }", 0,
     "t.json:3:15: error: /apps/0/steps/0/steps: missing: want a list [...]"},
    {"a bad step in a loop", "{ 'repeat': 3, 'steps': [{ 'yield': 'wait' }, { 'yeild': 'wait' }] }",
     0,
     "t.json:3:63: error: /apps/0/steps/0/steps/1/yeild: a step without a verb: \"yeild\" is none "
     "(did you mean \"yield\"?)"},
    {"a bad step in else", "{ 'if': '$x', 'is': 1, 'steps': [], 'else': [{ 'crash': 1 }] }", 0,
     "t.json:3:71: error: /apps/0/steps/0/else/0/crash: want true"},
    {"nine loops inside one another", LOOPS_9, 0,
     "t.json:3:215: error: "
     "/apps/0/steps/0/steps/0/steps/0/steps/0/steps/0/steps/0/steps/0/steps/0/steps/0: more than 8 "
     "loops inside one another"},
    {"a time as text", "{ 'compute_us': '1' }", 0,
     "t.json:3:31: error: /apps/0/steps/0/compute_us: \"1\": want a number that is not negative"},
    {"into too many", "{ 'load': 'app.ram', 'into': ['x', 'count'] }", 0,
     "t.json:3:44: error: /apps/0/steps/0/into: a list of 2: want 1 to 1"},
};

static struct problems problems;
static struct family family;
static struct load_options options;

static void setup(void)
{
    problems = (struct problems){0};
    family = (struct family){0};
    options = (struct load_options){.boards = "scenarios/boards"};
}

static void teardown(void)
{
    family_free(&family);
    problems_free(&problems);
}

/* Loads a text in which ' stands for ". */
static bool load_parts(const char *head, const char *text, size_t size, const char *tail)
{
    static char whole[TEXT_SIZE];
    const struct catalogue known = catalogue();
    const struct {
        const char *text;
        size_t size;
    } parts[] = {{head, strlen(head)}, {text, size ? size : strlen(text)}, {tail, strlen(tail)}};
    size_t used = 0;
    for (size_t n = 0; n < COUNT_OF(parts); n++) {
        for (size_t i = 0; i < parts[n].size; i++) {
            ck_assert_uint_lt(used, sizeof whole);
            whole[used++] = parts[n].text[i] == '\'' ? '"' : parts[n].text[i];
        }
    }
    return scenario_load_text("t.json", whole, used, &known, &options, &family, &problems);
}

static bool load(const char *text)
{
    return load_parts("", text, 0, "");
}

/* The only member of a text that must load. */
static const struct scenario *loaded(const char *text)
{
    ck_assert_msg(load(text), "%s", problems.text);
    ck_assert_uint_eq(family.count, 1);
    return family.members[0];
}

static void assert_says(const char *why, const char *says)
{
    ck_assert_msg(problems.text != NULL, "%s: no complaint", why);
    problems.text[strcspn(problems.text, "\n")] = '\0';
    ck_assert_msg(strcmp(problems.text, says) == 0, "%s:\n  got  %s\n  want %s", why, problems.text,
                  says);
}

START_TEST(bad_text_is_refused_with_its_place)
{
    const struct row *row = &texts[_i];

    ck_assert_msg(!load_parts("", row->text, row->size, ""), "%s: was taken", row->why);

    assert_says(row->why, row->says);
    ck_assert_uint_eq(family.count, 0);
}
END_TEST

START_TEST(bad_step_is_refused_with_its_place)
{
    const struct row *row = &steps[_i];

    ck_assert_msg(!load_parts(STEP_HEAD, row->text, 0, STEP_TAIL), "%s: was taken", row->why);

    assert_says(row->why, row->says);
}
END_TEST

START_TEST(missing_file_is_said)
{
    const struct catalogue known = catalogue();

    ck_assert(!scenario_load("tests/data/none.json", &known, &options, &family, &problems));

    assert_says("no file", "tests/data/none.json: error: cannot be read");
}
END_TEST

START_TEST(each_key_gets_its_own_complaint)
{
    ck_assert(!load(OWNER("'sede': 1, 'inject': [{ 'kil': 'owner' }]")));
    ck_assert_uint_eq(problems.count, 1); /* an unknown key: the rest may lean on it */
    problems_free(&problems);

    ck_assert(!load(OWNER("'inject': [{ 'kil': 'owner' }, { 'kill': 'ownr' }],"
                          " 'expect': { 'ownr': {} }")));

    ck_assert_uint_eq(problems.count, 3);
}
END_TEST

START_TEST(complaints_past_the_limit_are_counted)
{
    static char list[TEXT_SIZE];
    size_t used = 0;
    for (int i = 0; i < JSON_PROBLEM_MAX + 5; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s{}", i ? ", " : "");

    ck_assert(
        !load_parts(HEAD "  'apps': [{ 'name': 'a', 'steps': [] }], 'inject': [", list, 0, "] }"));

    ck_assert_uint_eq(problems.count, JSON_PROBLEM_MAX + 5);
    size_t lines = 0;
    for (const char *s = problems.text; (s = strchr(s, '\n')); s++)
        lines++;
    ck_assert_uint_eq(lines, JSON_PROBLEM_MAX);
}
END_TEST

/* --- what is taken --------------------------------------------------------------------------- */

START_TEST(smallest_scenario_gets_the_defaults)
{
    const struct scenario *s = loaded(APP("'steps': []"));

    ck_assert_str_eq(s->id, "t@1");
    ck_assert_str_eq(s->claim, "c");
    ck_assert_ptr_null(s->source);
    ck_assert_str_eq(s->board.name, "teaching");
    ck_assert_uint_eq(s->seed, 1);
    ck_assert(!s->seed_given);
    ck_assert_uint_eq(s->until_ps, 10 * PS_PER_US);
    ck_assert_int_eq(s->config.scheduler, SCHEDULER_ROUND_ROBIN);
    ck_assert_uint_eq(s->images[0].flash.base, 0x20000);
    ck_assert_uint_eq(s->images[0].flash.size, 0x1000);
    ck_assert(span_holds(s->images[0].flash, s->images[0].entry));
    ck_assert_uint_eq(s->images[0].min_ram_size, 4096);
    ck_assert_uint_eq(s->images[0].initial_app_size, 2048);
    ck_assert_int_eq(s->images[0].fault_policy, FAULT_STOP);
    ck_assert(!s->images[0].filtered);
    ck_assert_ptr_eq(s->config.images, s->images);
    ck_assert_uint_eq(s->config.image_count, 1);
    ck_assert_ptr_eq(s->config.filter.rows, s->board.rows);
    ck_assert_ptr_eq(s->apps[0].engine, &app_steps_engine);
}
END_TEST

START_TEST(byte_order_mark_and_comments_are_taken)
{
    (void)loaded("\xef\xbb\xbf" APP("'steps': [{ 'comment': [1], 'crash': true }], 'comment': 7"));
}
END_TEST

START_TEST(thirty_two_levels_are_taken)
{
    ck_assert(!load("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"));

    assert_says("nested, but no object", "t.json:1:1: error: /: want a scenario: an object {...}");
}
END_TEST

/* A time is the decimal that was written, to the picosecond. */
static const struct {
    const char *us;
    uint64_t ps;
} times[] = {
    {"99.7", 99700000},
    {"0.1", 100000},
    {"0.000001", 1},
    {"1e-6", 1},
    {"1e3", 1000000000},
    {"1000.000001", 1000000001},
    {"123456789.654321", 123456789654321},
    {"4503599627370496", 0}, /* past what 64 bits hold */
    {"0", 0},
};
enum { TIME_TOO_LONG = 7 };

START_TEST(times_are_exact)
{
    char end[128];
    (void)snprintf(end, sizeof end, "'inject': [{ 'kill': 'a', 'at_us': %s }] }", times[_i].us);

    bool taken = load_parts(HEAD "  'apps': [{ 'name': 'a', 'steps': [] }], ", end, 0, "");

    ck_assert_int_eq(taken, _i != TIME_TOO_LONG);
    if (taken)
        ck_assert_uint_eq(family.members[0]->injections[0].at_ps, times[_i].ps);
}
END_TEST

START_TEST(work_is_rounded_up_to_a_cycle)
{
    const struct scenario *s = loaded(APP("'steps': [{ 'compute_us': 0.1 }, { 'compute_us': 2 },"
                                          " { 'compute_us': 1000000000000 }]"));
    const struct steps_program *p = s->apps[0].program;

    ck_assert_uint_eq(p->instructions[0].cycles, 2); /* 1.6 cycles of 16 MHz */
    ck_assert_uint_eq(p->instructions[1].cycles, 32);
    ck_assert_uint_eq(p->instructions[2].cycles, UINT64_C(16000000) * 1000000);
}
END_TEST

/* --- families -------------------------------------------------------------------------------- */

START_TEST(each_value_and_each_seed_make_a_member)
{
    static const char *const ids[] = {
        "t#kernel.costs.command=10,apps.owner.ram=4096@3",
        "t#kernel.costs.command=10,apps.owner.ram=4096@9",
        "t#kernel.costs.command=10,apps.owner.ram=8192@3",
        "t#kernel.costs.command=10,apps.owner.ram=8192@9",
        "t#kernel.costs.command=20,apps.owner.ram=4096@3",
    };
    ck_assert(load(OWNER("'seeds': [3, 9], 'sweep': { 'kernel.costs.command': [10, 20],"
                         " 'apps.owner.ram': [4096, 8192] }")));

    ck_assert_uint_eq(family.count, 8);
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        ck_assert_str_eq(family.members[i]->id, ids[i]);
    ck_assert_uint_eq(family.members[4]->costs.path[PATH_COMMAND], 20);
    ck_assert_str_eq(family.members[4]->costs.preset, "custom");
    ck_assert_uint_eq(family.members[2]->images[0].min_ram_size, 8192);
    ck_assert_uint_eq(family.members[1]->seed, 9);
}
END_TEST

START_TEST(override_takes_a_sweeps_place)
{
    const struct load_override overrides[] = {{"kernel.costs.command", "15"},
                                              {"kernel.scheduler", "mlfq"}};
    options.overrides = overrides;
    options.override_count = COUNT_OF(overrides);
    options.seed_given = true;
    options.seed = 7;

    const struct scenario *s =
        loaded(OWNER("'seeds': 5, 'sweep': { 'kernel.costs.command': [10, 20] }"));

    ck_assert_str_eq(s->id, "t#kernel.costs.command=15,kernel.scheduler=mlfq@7");
    ck_assert_uint_eq(s->costs.path[PATH_COMMAND], 15);
    ck_assert_int_eq(s->config.scheduler, SCHEDULER_MLFQ);
}
END_TEST

START_TEST(sweep_makes_objects_of_names)
{
    ck_assert(load(OWNER("'kernel': { 'costs': 'm4-450' }, 'sweep': {"
                         " 'kernel.costs.preset': ['m4-300', 'zero'],"
                         " 'board.mpu_regions': [8, 16] }")));

    ck_assert_uint_eq(family.count, 4);
    ck_assert_str_eq(family.members[3]->costs.preset, "zero");
    ck_assert_uint_eq(family.members[3]->board.mpu_regions, 16);
    ck_assert_str_eq(family.members[3]->board.name, "teaching");
}
END_TEST

START_TEST(id_has_the_last_folder)
{
    const struct catalogue known = catalogue();
    options.boards = NULL;

    ck_assert_msg(scenario_load("scenarios/passthrough/lent_timer_reaches_its_app.json", &known,
                                &options, &family, &problems),
                  "%s", problems.text);

    ck_assert_str_eq(family.members[0]->id, "passthrough/lent_timer_reaches_its_app@1");
}
END_TEST

/* What a kept board points at inside itself points into each scenario's own copy. */
START_TEST(kept_board_is_as_good_as_its_file)
{
    static const char path[] = "scenarios/attacks/dma_master_without_opt_in_is_refused.json";
    const struct catalogue known = catalogue();
    struct board_cache boards = {0};
    options = (struct load_options){.boards_kept = &boards};
    struct family first;
    ck_assert_msg(scenario_load(path, &known, &options, &first, &problems), "%s", problems.text);
    ck_assert_msg(scenario_load(path, &known, &options, &family, &problems), "%s", problems.text);
    board_cache_free(&boards);

    struct scenario *read = first.members[0], *kept = family.members[0];
    ck_assert_ptr_eq(read->board.config.filter.rows, read->board.rows);
    ck_assert_ptr_eq(kept->board.config.filter.rows, kept->board.rows);
    ck_assert_ptr_eq(kept->config.filter.rows, kept->board.rows);
    read->board.config.filter.rows = kept->board.rows;
    ck_assert_mem_eq(&read->board, &kept->board, sizeof read->board);
    family_free(&first);
}
END_TEST

/* --- every word of the language -------------------------------------------------------------- */

static const struct scenario *every_word(void)
{
    const struct catalogue known = catalogue();
    ck_assert_msg(scenario_load("tests/data/every_word.json", &known, &options, &family, &problems),
                  "%s", problems.text);
    ck_assert_uint_eq(family.count, 8);
    return family.members[0];
}

START_TEST(boards_keys_are_replaced)
{
    const struct scenario *s = every_word();

    ck_assert_uint_eq(s->board.mpu_regions, 16);
    ck_assert_int_eq(s->board.hf.drift_ppb, -20000);
    ck_assert(!s->board.hf_phase_given);
    ck_assert(s->board.lf_phase_given);
    ck_assert_uint_eq(s->board.lf.phase_ps, 1000);
}
END_TEST

START_TEST(kernel_is_told)
{
    const struct scenario *s = every_word();

    ck_assert_int_eq(s->config.scheduler, SCHEDULER_PRIORITY);
    ck_assert_uint_eq(s->config.timeslice_us, 5000);
    ck_assert_uint_eq(s->costs.path[PATH_SYSCALL_DISPATCH], 100);
    ck_assert_uint_eq(s->costs.app_mmio, 6);
    ck_assert_uint_eq(s->costs.path[PATH_SUBSCRIBE], costs_find("m4-450")->path[PATH_SUBSCRIBE]);
    ck_assert_uint_eq(s->config.passthrough_driver, 0x90001);
}
END_TEST

START_TEST(apps_header_is_read)
{
    const struct scenario *s = every_word();
    const struct process_image *all = &s->images[0], *other = &s->images[1];

    ck_assert_uint_eq(all->short_id, 16);
    ck_assert_uint_eq(all->min_ram_size, 8192);
    ck_assert_uint_eq(all->initial_app_size, 2048);
    ck_assert_int_eq(all->fault_policy, FAULT_RESTART);
    ck_assert(all->filtered);
    ck_assert_uint_eq(all->permission_count, 3);
    ck_assert_uint_eq(all->permissions[0].driver, 0x90001);
    ck_assert_uint_eq(all->permissions[0].allowed, 0xf);
    ck_assert_uint_eq(all->permissions[2].word, 1);
    ck_assert_uint_eq(all->permissions[2].allowed, UINT64_C(1) << 6);
    ck_assert_uint_eq(all->request_count, 2);
    ck_assert_uint_eq(all->requests[0].base, 0x40008000);
    ck_assert_uint_eq(all->requests[1].size, 0x1000);
    ck_assert_int_eq(other->fault_policy, FAULT_RESTART_AT_MOST);
    ck_assert_uint_eq(other->restart_limit, 2);
    ck_assert_uint_eq(other->flash.base, all->flash.base + all->flash.size);
}
END_TEST

START_TEST(injections_are_read)
{
    const struct scenario *s = every_word();
    const struct injection *i = s->injections;

    ck_assert_uint_eq(s->injection_count, 19);
    ck_assert_int_eq(i[1].kind, INJECT_FAULT);
    ck_assert_uint_eq(i[1].at_ps, PS_PER_MS / 2);
    ck_assert_uint_eq(i[1].process, 1);
    ck_assert(i[2].at_event);
    ck_assert_uint_eq(i[2].nth, 1);
    ck_assert_uint_eq(i[3].nth, 2);
    ck_assert_uint_eq(i[3].at_ps, 1500000);
    ck_assert_uint_eq(i[3].line, 9);
    ck_assert_uint_eq(i[4].line, 9);
    ck_assert_uint_eq(i[5].period_ps, PS_PER_US);
    ck_assert_str_eq(s->board.devices[i[6].device].name, "UARTE0");
    ck_assert_uint_eq(i[8].address, 0x140);
    ck_assert_uint_eq(i[10].address, 0x20000010);
    ck_assert_uint_eq(i[10].value, 0xdeadbeef);
    ck_assert_uint_eq(i[11].size, 5);
    ck_assert_uint_eq(i[12].bytes[1], 0x0b);
    ck_assert_uint_eq(i[13].address, 0);
    ck_assert_uint_eq(i[14].value, 512);
    ck_assert_str_eq(i[14].path, "/inject/14");
    ck_assert_uint_eq(i[8].count, 0);
    ck_assert_int_eq(i[15].kind, INJECT_RELEASE);
    ck_assert_uint_eq(i[16].period_ps, 2500000);
    ck_assert_int_eq(i[17].kind, INJECT_HASTEN);
    ck_assert_uint_eq(i[17].period_ps, PS_PER_MS);
    ck_assert_uint_eq(i[18].from_ps, 20 * PS_PER_US);
    ck_assert_uint_eq(i[18].count, 3);
}
END_TEST

static const struct check *check_at(const struct scenario *s, const char *path)
{
    for (uint32_t i = 0; i < s->check_count; i++)
        if (strcmp(s->checks[i].path, path) == 0)
            return &s->checks[i];
    ck_abort_msg("no check at %s", path);
    return NULL;
}

START_TEST(checks_are_read)
{
    const struct scenario *s = every_word();

    ck_assert_uint_eq(check_at(s, "/expect/count/0")->min, 3);
    ck_assert_uint_eq(check_at(s, "/expect/count/0")->max, 3);
    ck_assert_uint_eq(check_at(s, "/expect/count/1")->max, UINT64_MAX);
    ck_assert_uint_eq(check_at(s, "/expect/absent/0")->from.kind, 0);
    ck_assert_uint_eq(check_at(s, "/expect/absent/1")->from.kind,
                      EVENT_NOTE_BASE + NOTE_PROCESS_END);
    ck_assert_uint_eq(check_at(s, "/expect/latency/0")->max, 99700000);
    ck_assert_uint_eq(check_at(s, "/expect/latency/1")->min, 500000);
    ck_assert_uint_eq(check_at(s, "/expect/speedup")->min, 10500);
    ck_assert_uint_eq(check_at(s, "/expect/over_exposure/1")->process, 0);
    ck_assert_uint_eq(check_at(s, "/expect/over_exposure/1")->min, 0x1000);
    ck_assert_uint_eq(check_at(s, "/expect/all/state")->min, PROCESS_YIELDED_FOR);
    ck_assert_uint_eq(check_at(s, "/expect/all/variables/y")->number, 1);
    ck_assert_uint_eq(check_at(s, "/expect/all/variables/y")->max, 2);
    ck_assert_uint_eq(check_at(s, "/expect/other/restarts")->process, 1);
    ck_assert_uint_eq(s->break_count, 2);
    ck_assert_uint_eq(s->breaks[0].rule, RULE_OVER_EXPOSURE);
    ck_assert_uint_eq(s->breaks[0].address_last, 0x40008fff);
    ck_assert_uint_eq(s->breaks[1].rule, RULE_LIVELOCK);
    ck_assert_uint_eq(s->breaks[1].process, PATTERN_ANY);
}
END_TEST

/* --- patterns -------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    struct record matches, differs;
} patterns[] = {
    {.text = "irq TIMER1",
     .matches = {.kind = EVENT_IRQ_RAISED, .process = 0xffff, .address = 9},
     .differs = {.kind = EVENT_IRQ_RAISED, .process = 0xffff, .address = 8}},
    {.text = "upcall all tick",
     .matches = {.kind = EVENT_UPCALL, .process = 0, .address = 0x30100},
     .differs = {.kind = EVENT_UPCALL, .process = 0, .address = 0x30110}},
    {.text = "all upcall",
     .matches = {.kind = EVENT_UPCALL, .process = 0, .address = 0x30110},
     .differs = {.kind = EVENT_UPCALL, .process = 1, .address = 0x30110}},
    {.text = "store TIMER1",
     .matches = {.kind = EVENT_STORE, .process = 1, .address = 0x40009fff},
     .differs = {.kind = EVENT_STORE, .process = 1, .address = 0x4000a000}},
    {.text = "store TIMER1.CC[0] = 5",
     .matches = {.kind = EVENT_STORE, .address = 0x40009540, .value = 5 | UINT64_C(4) << 32},
     .differs = {.kind = EVENT_STORE, .address = 0x40009540, .value = 6 | UINT64_C(4) << 32}},
    {.text = "load other.flash",
     .matches = {.kind = EVENT_LOAD, .address = 0x31fff},
     .differs = {.kind = EVENT_LOAD, .address = 0x30fff}},
    {.text = "fault 0x40001504",
     .matches = {.kind = EVENT_FAULT, .address = 0x40001504},
     .differs = {.kind = EVENT_FAULT, .address = 0x40001508}},
    {.text = "return BUSY",
     .matches = {.kind = EVENT_RETURN, .address = 2, .value = 2},
     .differs = {.kind = EVENT_RETURN, .address = 130, .value = 2}},
    {.text = "return success",
     .matches = {.kind = EVENT_RETURN, .address = 130, .value = 2},
     .differs = {.kind = EVENT_RETURN, .address = 0, .value = 2}},
    {.text = "command passthrough 2",
     .matches = {.kind = EVENT_SYSCALL, .address = 2, .value = 0x90001 | UINT64_C(2) << 32},
     .differs = {.kind = EVENT_SYSCALL, .address = 2, .value = 0x90001 | UINT64_C(3) << 32}},
    {.text = "all yield",
     .matches = {.kind = EVENT_SYSCALL, .address = 0},
     .differs = {.kind = EVENT_SYSCALL, .address = 2}},
    {.text = "upcall-queued alarm 0",
     .matches = {.kind = EVENT_NOTE_BASE + NOTE_UPCALL_QUEUED,
                 .address = 0,
                 .value = UINT64_C(1) << 32},
     .differs = {.kind = EVENT_NOTE_BASE + NOTE_UPCALL_QUEUED, .address = 0, .value = 1}},
    {.text = "endpoint-quiet TIMER0",
     .matches = {.kind = EVENT_NOTE_BASE + NOTE_ENDPOINT_QUIET, .address = 4},
     .differs = {.kind = EVENT_NOTE_BASE + NOTE_ENDPOINT_QUIET, .address = 3}},
    {.text = "wire UARTE0 out",
     .matches = {.kind = EVENT_WIRE, .address = 5, .value = 65},
     .differs = {.kind = EVENT_WIRE, .address = 5, .value = 65 | UINT64_C(1) << 32}},
    {.text = "wire UARTE0 out = 0x41",
     .matches = {.kind = EVENT_WIRE, .address = 5, .value = 65},
     .differs = {.kind = EVENT_WIRE, .address = 5, .value = 66}},
    {.text = "wire UARTE0 in = 0x41",
     .matches = {.kind = EVENT_WIRE, .address = 5, .value = 65 | UINT64_C(1) << 32},
     .differs = {.kind = EVENT_WIRE, .address = 5, .value = 65}},
    {.text = "process-state faulted",
     .matches = {.kind = EVENT_NOTE_BASE + NOTE_PROCESS_STATE, .value = PROCESS_FAULTED},
     .differs = {.kind = EVENT_NOTE_BASE + NOTE_PROCESS_STATE, .value = PROCESS_YIELDED}},
    {.text = "mark 3 = 0x10",
     .matches = {.kind = EVENT_APP_NOTE, .address = 3, .value = 16},
     .differs = {.kind = EVENT_APP_NOTE, .address = 3, .value = 17}},
};

START_TEST(pattern_matches_what_it_says)
{
    struct pattern pattern;
    char why[320];
    const struct scenario *s = every_word();

    ck_assert_msg(pattern_parse(s, patterns[_i].text, &pattern, why, sizeof why), "%s: %s",
                  patterns[_i].text, why);

    ck_assert_msg(pattern_matches(&pattern, &patterns[_i].matches), "%s", patterns[_i].text);
    ck_assert_msg(!pattern_matches(&pattern, &patterns[_i].differs), "%s", patterns[_i].text);
}
END_TEST

/* --- addresses ------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    uint32_t value;
} addresses[] = {
    {"'RADIO'", 0x40001000},   {"'RADIO+0x504'", 0x40001504},    {"'TIMER1.CC[1]'", 0x40009544},
    {"'TIMER1.size'", 0x1000}, {"'TIMER1.CC[0]-4'", 0x4000953c}, {"'UART0'", 0x40002000},
    {"'P1.OUT'", 0x50000804},  {"'P0.OUT'", 0x50000504},         {"'P1'", 0x50000300},
    {"'ram'", 0x20000000},     {"'kernel.ram+16'", 0x20000010},  {"'flash'", 0},
    {"'kernel.flash'", 0},     {"'a.flash'", 0x30000},           {"'0xffffffff'", UINT32_MAX},
    {"-1", UINT32_MAX},        {"4294967295", UINT32_MAX},       {"'POWER'", 0x40000000},
};

START_TEST(address_stands_for_its_number)
{
    char text[128];
    (void)snprintf(text, sizeof text, "'steps': [], 'variables': { 'x': %s } }] }",
                   addresses[_i].text);

    ck_assert_msg(load_parts("{ 'claim': 'c', 'board': 'nrf52840dk', 'until_us': 1,"
                             " 'apps': [{ 'name': 'a', ",
                             text, 0, ""),
                  "%s", problems.text);

    const struct steps_program *p = family.members[0]->apps[0].program;
    ck_assert_uint_eq(p->variables[0], addresses[_i].value);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_load");
    TCase *t = tcase_create("scenario_load");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, bad_text_is_refused_with_its_place, 0, (int)COUNT_OF(texts));
    tcase_add_loop_test(t, bad_step_is_refused_with_its_place, 0, (int)COUNT_OF(steps));
    tcase_add_test(t, missing_file_is_said);
    tcase_add_test(t, each_key_gets_its_own_complaint);
    tcase_add_test(t, complaints_past_the_limit_are_counted);
    tcase_add_test(t, smallest_scenario_gets_the_defaults);
    tcase_add_test(t, byte_order_mark_and_comments_are_taken);
    tcase_add_test(t, thirty_two_levels_are_taken);
    tcase_add_loop_test(t, times_are_exact, 0, (int)COUNT_OF(times));
    tcase_add_test(t, work_is_rounded_up_to_a_cycle);
    tcase_add_test(t, each_value_and_each_seed_make_a_member);
    tcase_add_test(t, override_takes_a_sweeps_place);
    tcase_add_test(t, sweep_makes_objects_of_names);
    tcase_add_test(t, id_has_the_last_folder);
    tcase_add_test(t, kept_board_is_as_good_as_its_file);
    tcase_add_test(t, boards_keys_are_replaced);
    tcase_add_test(t, kernel_is_told);
    tcase_add_test(t, apps_header_is_read);
    tcase_add_test(t, injections_are_read);
    tcase_add_test(t, checks_are_read);
    tcase_add_loop_test(t, pattern_matches_what_it_says, 0, (int)COUNT_OF(patterns));
    tcase_add_loop_test(t, address_stands_for_its_number, 0, (int)COUNT_OF(addresses));
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
