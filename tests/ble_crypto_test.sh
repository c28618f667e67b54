#!/bin/sh
# 200 random packets that sim/ble/ccm.h has encrypted, against OpenSSL's AES-CCM by way of Python's
# cryptography; and that a broken packet is seen. Without that library it is a skip. Speaks TAP.
set -u
. tests/support.sh
packets=${BUILD:-build}/tests/test_ble_pdu
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'from cryptography.hazmat.primitives.ciphers.aead import AESCCM' 2>/dev/null &&
        python=$candidate && break
done
if [ -z "$python" ]; then
    echo 'ok - OpenSSL encrypts 200 random packets alike # SKIP no python3-cryptography here'
    exit 0
fi

cat >"$work/compare.py" <<'EOF'
import sys
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

seen = 0
for line in open(sys.argv[1]):
    key, iv, counter, direction, header, payload, air = line.split()
    nonce = (int(counter) | int(direction) << 39).to_bytes(5, "little") + bytes.fromhex(iv)
    associated = bytes([int(header, 16) & 0xE3])
    ours = AESCCM(bytes.fromhex(key), tag_length=4).encrypt(nonce, bytes.fromhex(payload), associated)
    if ours.hex() != air:
        sys.exit("packet %d: %s, OpenSSL says %s" % (seen, air, ours.hex()))
    seen += 1
if seen != 200:
    sys.exit("%d packets, expected 200" % seen)
EOF

differs() {
    ! "$python" "$work/compare.py" "$1"
}

claim 'the packets are printed' sh -c "\"$packets\" --packets >\"$work/packets\""
claim 'OpenSSL encrypts 200 random packets alike' "$python" "$work/compare.py" "$work/packets"
sed '100s/.$/g/' "$work/packets" >"$work/broken"
claim 'a packet with another MIC would be seen' differs "$work/broken"
