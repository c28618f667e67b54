/* test_aes.c: the block cipher against published vectors. */
#include "sim/aes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static void octets_of(const char *hex, uint8_t *out)
{
    for (int i = 0; i < AES_BLOCK_SIZE; i++, hex += 2) {
        char pair[3] = {hex[0], hex[1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static const struct {
    const char *source, *key, *in, *out;
} vectors[] = {
    {"FIPS 197, appendix B", "2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734",
     "3925841d02dc09fbdc118597196a0b32"},
    {"FIPS 197, appendix C.1", "000102030405060708090a0b0c0d0e0f",
     "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"},
    /* NIST SP 800-38A, F.1.1: a key with four blocks. */
    {"SP 800-38A, block 1", "2b7e151628aed2a6abf7158809cf4f3c", "6bc1bee22e409f96e93d7e117393172a",
     "3ad77bb40d7a3660a89ecaf32466ef97"},
    {"SP 800-38A, block 4", "2b7e151628aed2a6abf7158809cf4f3c", "f69f2445df4f9b17ad2b417be66c3710",
     "7b0c785e27e8ad3f8223207104725dd4"},
    {"Core Specification, Vol 6 Part C, section 1: session key", "4c68384139f574d836bcf34e9dfb01bf",
     "0213243546576879acbdcedfe0f10213", "99ad1b5226a37e3e058e3b8e27c2c666"},
};

START_TEST(encrypts_as_published)
{
    uint8_t key[AES_BLOCK_SIZE], in[AES_BLOCK_SIZE], expect[AES_BLOCK_SIZE], out[AES_BLOCK_SIZE];
    octets_of(vectors[_i].key, key);
    octets_of(vectors[_i].in, in);
    octets_of(vectors[_i].out, expect);

    aes128_encrypt(key, in, out);
    ck_assert_msg(memcmp(out, expect, sizeof out) == 0, "%s", vectors[_i].source);

    struct aes128 aes;
    aes128_expand(&aes, key);
    aes128_encrypt_block(&aes, in, in); /* in place */
    ck_assert_msg(memcmp(in, expect, sizeof in) == 0, "%s: in place", vectors[_i].source);
}
END_TEST

START_TEST(decrypts_as_published)
{
    uint8_t key[AES_BLOCK_SIZE], in[AES_BLOCK_SIZE], expect[AES_BLOCK_SIZE], out[AES_BLOCK_SIZE];
    octets_of(vectors[_i].key, key);
    octets_of(vectors[_i].out, in);
    octets_of(vectors[_i].in, expect);

    struct aes128 aes;
    aes128_expand(&aes, key);
    aes128_decrypt_block(&aes, in, out);
    ck_assert_msg(memcmp(out, expect, sizeof out) == 0, "%s", vectors[_i].source);
    aes128_decrypt_block(&aes, in, in); /* in place */
    ck_assert_msg(memcmp(in, expect, sizeof in) == 0, "%s: in place", vectors[_i].source);
}
END_TEST

/* 256 keys and blocks: every octet of the inverse table is looked up. */
START_TEST(decrypts_what_it_encrypted)
{
    uint8_t block[AES_BLOCK_SIZE], back[AES_BLOCK_SIZE];
    struct aes128 aes;
    for (int i = 0; i < AES_BLOCK_SIZE; i++)
        block[i] = (uint8_t)(_i + 16 * i);
    aes128_expand(&aes, block);
    aes128_encrypt_block(&aes, block, back);
    ck_assert_mem_ne(back, block, sizeof block);
    aes128_decrypt_block(&aes, back, back);
    ck_assert_mem_eq(back, block, sizeof block);
}
END_TEST

START_TEST(last_round_key_is_the_published_one)
{
    uint8_t key[AES_BLOCK_SIZE], expect[AES_BLOCK_SIZE];
    struct aes128 aes;
    octets_of("2b7e151628aed2a6abf7158809cf4f3c", key);
    octets_of("d014f9a8c9ee2589e13f0cc8b6630ca6", expect); /* FIPS 197, appendix A.1 */

    aes128_expand(&aes, key);

    ck_assert_mem_eq(aes.round_keys[0], key, sizeof key);
    ck_assert_mem_eq(aes.round_keys[AES128_ROUNDS], expect, sizeof expect);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("aes");
    TCase *t = tcase_create("blocks");
    tcase_add_loop_test(t, encrypts_as_published, 0, COUNT(vectors));
    tcase_add_loop_test(t, decrypts_as_published, 0, COUNT(vectors));
    tcase_add_loop_test(t, decrypts_what_it_encrypted, 0, 256);
    tcase_add_test(t, last_round_key_is_the_published_one);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
