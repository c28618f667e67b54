#!/bin/sh
# 200 random messages that devices/aes_keystore.c has worked in ECB, CBC and CTR, both ways, against
# OpenSSL by way of Python's cryptography; and that another octet is seen. Without that library it
# is a skip. Speaks TAP.
set -u
. tests/support.sh
messages=${BUILD:-build}/tests/test_aes_keystore
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'from cryptography.hazmat.primitives.ciphers import Cipher' 2>/dev/null &&
        python=$candidate && break
done
if [ -z "$python" ]; then
    echo 'ok - OpenSSL works 200 random messages alike # SKIP no python3-cryptography here'
    exit 0
fi

cat >"$work/compare.py" <<'EOF'
import sys
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

seen = set()
count = 0
for line in open(sys.argv[1]):
    mode, direction, key, vector, source, target = line.split()
    arguments = [] if mode == "ECB" else [bytes.fromhex(vector)]
    cipher = Cipher(algorithms.AES(bytes.fromhex(key)), getattr(modes, mode)(*arguments))
    worker = cipher.encryptor() if direction == "encrypt" else cipher.decryptor()
    theirs = worker.update(bytes.fromhex(source)) + worker.finalize()
    if theirs.hex() != target:
        sys.exit("message %d: %s, OpenSSL says %s" % (count, target, theirs.hex()))
    count += 1
    seen.add((mode, direction))
if count != 200 or len(seen) != 6:
    sys.exit("%d messages of %d sorts, expected 200 of 6" % (count, len(seen)))
EOF

differs() {
    ! "$python" "$work/compare.py" "$1"
}

claim 'the messages are printed' sh -c "\"$messages\" --messages >\"$work/messages\""
claim 'OpenSSL works 200 random messages alike' "$python" "$work/compare.py" "$work/messages"
sed '100s/.$/g/' "$work/messages" >"$work/broken"
claim 'a message with another end would be seen' differs "$work/broken"
