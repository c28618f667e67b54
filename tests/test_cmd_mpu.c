/* test_cmd_mpu.c: `postern mpu` on files that this test writes, by what it prints and returns. */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[32];
static char in_path[64], out_path[64], err_path[64];
static char out[4096], err[4096];

/* Each test runs in a process of its own, so the folder and the streams are its own. */
static void make_directory(void)
{
    snprintf(directory, sizeof directory, "/tmp/test_cmd_mpu.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(in_path, sizeof in_path, "%s/in.jsonl", directory);
    snprintf(out_path, sizeof out_path, "%s/out", directory);
    snprintf(err_path, sizeof err_path, "%s/err", directory);
}

static void remove_directory(void)
{
    unlink(in_path);
    unlink(out_path);
    unlink(err_path);
    rmdir(directory);
}

static void read_back(const char *path, char text[4096])
{
    FILE *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, 4095, file)] = '\0';
    fclose(file);
}

/* Runs the command with its streams in files, and gives its exit code. */
static int run(int argc, char **argv)
{
    fflush(NULL);
    int kept_out = dup(STDOUT_FILENO), kept_err = dup(STDERR_FILENO);
    ck_assert_ptr_nonnull(freopen(out_path, "w", stdout));
    ck_assert_ptr_nonnull(freopen(err_path, "w", stderr));
    int code = cmd_mpu(argc, argv);
    fflush(NULL);
    dup2(kept_out, STDOUT_FILENO);
    dup2(kept_err, STDERR_FILENO);
    close(kept_out);
    close(kept_err);
    read_back(out_path, out);
    read_back(err_path, err);
    return code;
}

static int run_text(const char *text, size_t size)
{
    char name[] = "mpu";
    char *argv[] = {name, in_path, NULL};
    FILE *file = fopen(in_path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    fclose(file);
    return run(2, argv);
}

#define REGIONS                                                                                    \
    "\"mpu\":\"armv7m\",\"ctrl\":1,\"regions\":[[\"0x0\",\"0x0\"],[\"0x20000000\",\"0x03000013\"]" \
    "]"
#define PROBE(expect)                                                                              \
    "{\"addr\":\"0x20000010\",\"size\":4,\"access\":\"read\",\"privileged\":false," expect "}"
#define VECTOR(id, probes) "{\"id\":\"" id "\"," REGIONS ",\"probes\":[" probes "]}\n"
#define ALLOW "\"expect\":\"allow\""

static const struct {
    const char *why, *text;
    int code;
    const char *out, *err; /* must occur there; NULL: nothing may be there */
} runs[] = {
    {"as expected", VECTOR("a", PROBE(ALLOW)), 0, "1 agree, 0 differ, 0 skipped\n", NULL},
    {"an empty line is no vector", "\n  \r\n" VECTOR("a", PROBE(ALLOW)), 0,
     "1 agree, 0 differ, 0 skipped\n", NULL},
    {"no newline at the end", "{\"ops\":[[\"read\",\"0xe000ed90\",2048]]}", 0,
     "1 agree, 0 differ, 0 skipped\n", NULL},
    {"a difference is a line", VECTOR("b", PROBE(ALLOW) "," PROBE("\"expect\":\"fault\"")), 1,
     "b, probe 1, expected fault, got allow, region 1 0x20000000..0x200003ff sub-region 0, AP 3 "
     "(rw/rw): unprivileged read allowed (4 bytes at 0x20000010)\n1 agree, 1 differ, 0 skipped\n",
     "repeat: postern mpu --filter 'b' "},
    {"mmfsr is compared",
     "{\"id\":\"c\",\"mpu\":\"armv7m\",\"ctrl\":1,\"regions\":[],\"probes\":[" PROBE(
         "\"expect\":\"fault\",\"mmfsr\":\"0x01\"") "]}",
     1, "c, probe 0, expected fault 0x01, got fault 0x82, no region: ", "repeat: "},
    {"a fault without mmfsr agrees with any",
     "{\"id\":\"c\",\"mpu\":\"armv7m\",\"ctrl\":1,\"regions\":[],\"probes\":[" PROBE(
         "\"expect\":\"fault\"") "]}",
     0, "1 agree", NULL},
    {"what the bus refuses, the unit allowed", VECTOR("d", PROBE(ALLOW ",\"bus_fault\":true")), 0,
     "1 agree", NULL},
    {"negpri passes the unit by",
     "{\"id\":\"n\",\"mpu\":\"armv7m\",\"ctrl\":1,\"regions\":[],\"probes\":["
     "{\"addr\":\"0x20000010\",\"size\":4,\"access\":\"read\",\"privileged\":true,"
     "\"negpri\":true," ALLOW "}]}",
     0, "1 agree", NULL},
    {"nine regions make a unit of sixteen",
     "{\"mpu\":\"armv7m\",\"ctrl\":1,\"regions\":[[0,0],[0,0],[0,0],[0,0],[0,0],[0,0],[0,0],[0,0],"
     "[\"0x20000000\",\"0x03000013\"]],\"ops\":[[\"read\",\"TYPE\",\"0x1000\"]],\"probes\":[" PROBE(
         ALLOW) "]}",
     0, "2 agree", NULL},
    {"a read is compared",
     "{\"id\":\"e\",\"mpu\":\"armv7m\",\"ops\":[[\"write\",\"0xe000ed98\",\"0x3\"],"
     "[\"read\",\"MPU_RBAR_A1\",\"0x00000004\"]]}",
     1, "e, op 1, expected 0x00000004, got 0x00000003, MPU_RBAR_A1 of region 3\n", "repeat: "},
    {"other units are skipped with the reason",
     VECTOR("a", PROBE(ALLOW)) "{\"mpu\":\"armv8m\",\"probes\":[1,2]}\n"
                               "{\"mpu\":\"smepmp\"}\n{\"mpu\":\"pmp\",\"probes\":[1,2,3]}\n{"
                               "\"entries\":[]}\n",
     0, "1 agree, 0 differ, 7 skipped (armv8m 2, pmp 4, smepmp 1: not modelled)\n", NULL},
    {"all skipped is vacuous", "{\"mpu\":\"armv8m\",\"probes\":[1,2]}\n", 5,
     "0 agree, 0 differ, 2 skipped (armv8m 2: not modelled)\n", "vacuous"},
    {"nothing at all is vacuous", "", 5, "0 agree, 0 differ, 0 skipped\n", "vacuous"},
    {"not JSON", "{\"id\":\"a\"\n", 2, "0 agree", "in.jsonl:1:10: error: not JSON"},
    {"something behind the object", "{\"ops\":[]} 1\n", 2, "0 agree", "in.jsonl:1:12: error: not"},
    {"not UTF-8", "\n{\"id\":\"\xc3(\"}\n", 2, "0 agree",
     "in.jsonl:2:8: error: found byte 0xc3, want UTF-8 text"},
    {"no object", "[]\n", 2, "0 agree", "in.jsonl:1:1: error: /: found an array, want an object"},
    {"never closed", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 2,
     "0 agree", "error: not JSON"},
    {"an unknown unit", "{\"mpu\":\"armv9m\"}\n", 2, "0 agree",
     "in.jsonl:1:8: error: /mpu: found \"armv9m\", want one of \"armv7m\", \"armv8m\", \"pmp\", "
     "\"smepmp\""},
    {"a key in the wrong case", "{\"MPU\":\"armv7m\"}\n", 2, "0 agree", "\"mpu\" is missing"},
    {"a key given twice", "{\"mpu\":\"armv7m\", \"mpu\":\"armv8m\"}\n", 2, "0 agree",
     "in.jsonl:1:24: error: /mpu: found \"armv8m\", \"mpu\" is given twice"},
    {"a size of 9",
     "{" REGIONS ",\"probes\":[{\"addr\":\"0x0\",\"size\":9,\"access\":\"read\","
     "\"privileged\":false," ALLOW "}]}\n",
     2, "0 agree", "error: /probes/0/size: found 9, want 1 to 8 bytes"},
    {"an address that is no hex", "{" REGIONS ",\"probes\":[{\"addr\":\"0x2000000g\"}]}\n", 2,
     "0 agree", "error: /probes/0/addr: found \"0x2000000g\", want 32 bits in hex"},
    {"nine hex digits", "{" REGIONS ",\"probes\":[{\"addr\":\"0x100000000\"}]}\n", 2, "0 agree",
     "/probes/0/addr: found \"0x100000000\", want 32 bits"},
    {"33 bits", "{" REGIONS ",\"probes\":[{\"addr\":4294967296}]}\n", 2, "0 agree",
     "/probes/0/addr: found 4294967296"},
    {"1e999", "{" REGIONS ",\"probes\":[{\"addr\":1e999}]}\n", 2, "0 agree",
     "/probes/0/addr: found 1e999"},
    {"an expectation is missing",
     "{" REGIONS ",\"probes\":[{\"addr\":0,\"size\":1,\"access\":\"exec\",\"privileged\":true}]}\n",
     2, "0 agree", "/probes/0: found an object, \"expect\" is missing"},
    {"17 regions",
     "{\"mpu\":\"armv7m\",\"ctrl\":1,\"regions\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"
     "\"probes\":[]}\n",
     2, "0 agree", "/regions: found an array, want at most 16 regions"},
    {"a register of something else", "{\"ops\":[[\"read\",\"0xe000ed8c\",0]]}\n", 2, "0 agree",
     "in.jsonl:1:17: error: /ops/0/1: found \"0xe000ed8c\", want a register of the MPU"},
    {"a good line behind a bad one counts", "x\n" VECTOR("a", PROBE(ALLOW)), 2, "1 agree", "1:1"},
    {"a line of another kind of file, many times",
     "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n"
     "x\nx\nx\nx\nx\nx\n",
     2, "0 agree", "too many errors"},
    {"a control character in an id is not printed",
     VECTOR("a\\u001b[2J", PROBE("\"expect\":\"fault\"")), 1, "a?[2J, probe 0", "repeat: "},
};

START_TEST(run_says_and_returns)
{
    int code = run_text(runs[_i].text, strlen(runs[_i].text));

    ck_assert_msg(code == runs[_i].code, "%s: exit %d\n%s%s", runs[_i].why, code, out, err);
    ck_assert_msg(strstr(out, runs[_i].out) != NULL, "%s: printed %s", runs[_i].why, out);
    ck_assert_msg(runs[_i].err ? strstr(err, runs[_i].err) != NULL : err[0] == '\0',
                  "%s: complained %s", runs[_i].why, err);
}
END_TEST

START_TEST(a_zero_byte_is_refused_where_it_stands)
{
    ck_assert_int_eq(run_text("{\"id\":\0}\n", 9), 2);
    ck_assert_ptr_nonnull(strstr(err, "in.jsonl:1:7: error: found byte 0x00, want UTF-8 text"));
}
END_TEST

START_TEST(nesting_beyond_the_parser_is_refused)
{
    static char deep[3000];

    memset(deep, '[', sizeof deep);
    ck_assert_int_eq(run_text(deep, sizeof deep), 2);
    ck_assert_ptr_nonnull(strstr(err, "error: not JSON"));
    memset(deep + sizeof deep / 2, ']', sizeof deep / 2);
    ck_assert_int_eq(run_text(deep, sizeof deep), 2);
}
END_TEST

/* Any bytes at all: an answer, not a crash. Half of them are cut from a good line. */
START_TEST(random_bytes_get_an_answer)
{
    static const char good[] = VECTOR("a", PROBE(ALLOW)) "{\"ops\":[[\"read\",\"RNR\",0]]}\n";
    uint32_t state = 12345;

    for (int round = 0; round < 300; round++) {
        char text[sizeof good];

        memcpy(text, good, sizeof good);
        for (int i = 0; i < 3; i++) {
            state = state * 1664525 + 1013904223;
            text[(state >> 8) % (sizeof good - 1)] = "{}[]\",:\\\n\0\xff"
                                                     "1ae-"[state >> 28];
        }
        int code = run_text(text, sizeof good - 1);
        ck_assert_msg(code == 0 || code == 1 || code == 2 || code == 5, "exit %d", code);
    }
}
END_TEST

START_TEST(usage_is_told)
{
    char name[] = "mpu", help[] = "--help", bogus[] = "--bogus", filter[] = "--filter";
    char other[] = "nothing has this", absent[] = "/nonexistent/file";
    char *alone[] = {name, NULL}, *helped[] = {name, help, NULL}, *wrong[] = {name, bogus, NULL};
    char *lacking[] = {name, filter, NULL}, *missing[] = {name, absent, NULL};
    char *filtered[] = {name, filter, other, in_path, NULL};

    ck_assert_int_eq(run(1, alone), 2);
    ck_assert_ptr_nonnull(strstr(err, "something is missing: postern mpu FILE..."));
    ck_assert_int_eq(run(2, helped), 0);
    ck_assert_ptr_nonnull(strstr(out, "usage: postern mpu"));
    ck_assert_int_eq(run(2, wrong), 2);
    ck_assert_ptr_nonnull(strstr(err, "no such flag: --bogus"));
    ck_assert_int_eq(run(2, lacking), 2);
    ck_assert_int_eq(run(2, missing), 2);
    ck_assert_ptr_nonnull(strstr(err, "/nonexistent/file: error: "));
    ck_assert_int_eq(run_text(VECTOR("a", PROBE(ALLOW)), strlen(VECTOR("a", PROBE(ALLOW)))), 0);
    ck_assert_int_eq(run(4, filtered), 5);
    ck_assert_ptr_nonnull(strstr(err, "--filter left out"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cmd_mpu");
    TCase *t = tcase_create("runs");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, make_directory, remove_directory);
    tcase_add_loop_test(t, run_says_and_returns, 0, (int)(sizeof runs / sizeof runs[0]));
    tcase_add_test(t, a_zero_byte_is_refused_where_it_stands);
    tcase_add_test(t, nesting_beyond_the_parser_is_refused);
    tcase_add_test(t, random_bytes_get_an_answer);
    tcase_add_test(t, usage_is_told);
    suite_add_tcase(suite, t);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
