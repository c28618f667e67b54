#!/bin/sh
# Captures of the air and of UARTs: `run --trace pcapng`, read by readers of this test's own, which
# share no code with the writer (blocks, CRCs, T_IFS, checksums), and by tshark. A reader that is
# missing is a skip. Speaks TAP. Environment: POSTERN, the runner.
set -u
. tests/support.sh
# The plain build says whether others can read them, the sanitized one whether the writers read and
# write what is their own.
case ${BUILD:-build} in
*clang*)
    echo 'ok - captures are read by clients of the plain and the sanitized build'
    exit
    ;;
esac
want_runner
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
unset NO_COLOR CLICOLOR_FORCE SOURCE_DATE_EPOCH

mkdir "$work/x" || exit 3
ln -s "$root/scenarios/boards" "$work/boards"
cd "$work" || exit 3

# A connection in which nothing goes wrong.
cat >x/good.json <<'END'
{ "claim": "A peripheral on a lent radio answers each event, and its value is read.",
  "board": "nrf52840dk",
  "apps": [ { "name": "ble", "program": "ble_armed", "short_id": 16 } ],
  "world": { "central": { "interval_us": 7500, "timeout_ms": 200, "read_every": 4, "mtu": 23,
    "drift_ppm": 40, "jitter_us": 5,
    "plan": [ { "at_event": 5, "do": "version" },
              { "at_event": 9, "do": "channel_map", "map": "0x1f00000fff" },
              { "at_event": 30, "do": "terminate" } ] } },
  "until_ms": 300,
  "expect": { "central": { "connections": 1, "missed": 0 } } }
END
# Frames that are spoilt and lost. Frame 6 of the central is answered; RADIO's 9th and 10th are not
# heard.
faults='{ "of": "central", "first": 6, "last": 6, "how": "corrupt" },
        { "of": "RADIO", "first": 9, "last": 10 }'
awk -v faults="$faults" '{ sub(/"world": {/, "\"world\": { \"air\": { \"faults\": [" faults "] },")
    sub(/, "missed": 0/, ""); print }' x/good.json >x/spoilt.json
# A bound that the first answer breaks.
sed 's/"expect": {/"expect": { "latency": { "from": "air-heard RADIO", "to": "irq RADIO", "max_us": 1 },/' \
    x/good.json >x/late.json
# The same, encrypted from event 3 on.
sed 's/"plan": \[/"plan": [ { "at_event": 3, "do": "encrypt" },/' x/good.json >x/secret.json
# Beacons: nobody's connection, no channel's frequency, a clash.
cat >x/beacons.json <<'END'
{ "claim": "Two beacons clash, a third is between the channels.",
  "board": "nrf52840dk",
  "apps": [ { "name": "a", "steps": [ { "compute_us": 1 } ] } ],
  "world": { "one": { "is": "beacon", "listens": true, "interval_us": 2000 },
             "two": { "is": "beacon", "interval_us": 2000, "first_us": 1010, "phy": "1M" },
             "ear": { "is": "beacon", "listens": true, "first_us": 100000 },
             "odd": { "is": "beacon", "mhz": 2441, "interval_us": 5000, "phy": "2M", "size": 0 } },
  "until_ms": 20,
  "expect": { "one": { "received": 0 } } }
END

for name in good spoilt late secret beacons; do
    "$postern" run --trace pcapng --output $name.pcapng x/$name.json >$name.txt 2>&1
    "$postern" run --trace pcapng --output again.pcapng x/$name.json >/dev/null 2>&1
    is "two captures of the run \"$name\" are the same" cmp $name.pcapng again.pcapng
done
gives 'a capture leaves the report as it is' 0 '^1 claim holds' cat good.txt
gives 'a run without a frame gives a capture without a packet, and says so' 0 'nothing was on the air' \
    sh -c "sed 's/\"world\".*/\"until_ms\": 1,/; /\"drift_ppm\"/,/\"terminate\"/d; /until_ms\": 300/d
              s/\"expect\": .*/\"expect\": {\"count\": {\"event\": \"air-start\", \"is\": 0}} }/
              s/\"program\".*16/\"steps\": []/' x/good.json >x/none.json
           '$postern' run --trace pcapng --output none.pcapng x/none.json"

# ---- our own reader

if ! skips python3 'captures are whole, CRCs and T_IFS are right'; then
    cat >reader.py <<'END'
# Reads a pcapng file of link type 256; anything that is not as the formats say ends it. Checks the
# CRC of each packet, and from times alone that answers come 148 to 152 us after what they answer.
# Prints a line a packet, and its comments.
import struct, sys

def blocks(data):
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        assert size % 4 == 0 and size >= 12 and at + size <= len(data), "a block's size"
        assert struct.unpack_from("<I", data, at + size - 4)[0] == size, "its size again"
        yield kind, data[at + 8 : at + size - 4]
        at += size

def options(data):
    found = []
    while True:
        assert len(data) >= 4, "options without an end"
        code, size = struct.unpack_from("<HH", data)
        if code == 0:
            assert size == 0 and len(data) == 4, "something behind the options' end"
            return found
        padded = size + -size % 4
        assert len(data) >= 4 + padded and not any(data[4 + size : 4 + padded]), "padding"
        found.append((code, data[4 : 4 + size]))
        data = data[4 + padded :]

# Core 6.2, Vol 6 Part B 3.1.1, bit by bit: position 0 of the register on the left.
def crc24(init, pdu):
    register = [init >> i & 1 for i in range(24)]
    for octet in pdu:
        for bit in range(8):
            feedback = register[23] ^ (octet >> bit & 1)
            register = [feedback] + register[:23]
            for tap in (1, 3, 4, 6, 9, 10):
                register[tap] ^= feedback
    bits = register[::-1]
    return bytes(sum(bits[8 * i + k] << k for k in range(8)) for i in range(3))

parts = list(blocks(open(sys.argv[1], "rb").read()))
assert [kind for kind, _ in parts[:2]] == [0x0A0D0D0A, 1], "a section and an interface"
magic, major, minor, length = struct.unpack_from("<IHHq", parts[0][1])
assert (magic, major, minor, length) == (0x1A2B3C4D, 1, 0, -1), "the section header"
comments = [text.decode() for code, text in options(parts[0][1][16:]) if code == 1]
assert len(comments) == 2 and comments[0].startswith("x/"), "the scenario's id and claim"
link_type, reserved, snap = struct.unpack_from("<HHI", parts[1][1])
assert (link_type, reserved, snap) == (256, 0, 0), "the interface"
assert (9, b"\x09") in options(parts[1][1][8:]), "nanoseconds"
init, last, before = {0x8E89BED6: 0x555555}, 0, None
for number, (kind, body) in enumerate(parts[2:], 1):
    assert kind == 6, "a packet"
    interface, high, low, kept, whole = struct.unpack_from("<IIIII", body)
    assert interface == 0 and kept <= whole and 10 <= kept <= 10 + 265, "its sizes"
    at = high << 32 | low
    assert at >= last, "times go on"
    last = at
    padded = kept + -kept % 4
    assert not any(body[20 + kept : 20 + padded]), "padding of the packet"
    said = [text.decode() for code, text in options(body[20 + padded :]) if code == 1]
    packet = body[20 : 20 + kept]
    rf, signal, noise, offenses, reference, flags = struct.unpack_from("<BbbBIH", packet)
    assert rf < 40 and flags & 0x12 == 0x12 and not flags & 0x64 | noise | offenses, "flags"
    assert flags & 0x3008 in (0, 0x1000, 0x3008), "what is decrypted has a MIC that is right"
    packet = packet[10:]
    address = reference
    assert packet[:4] == address.to_bytes(4, "little")[: len(packet)], "the access address"
    side = {0: "-", 2: "C>P", 3: "P>C"}[flags >> 7 & 7]
    assert bool(flags & 0x400) == (address in init), "a CRC is checked if CRCInit is known"
    assert (side != "-") == (address in init and address != 0x8E89BED6), "the direction"
    crc = "unknown"
    if flags & 8:
        crc = "decrypted" # the CRC is that of the air, and the octets are not
        assert flags & 0x800, "decrypted, and a wrong CRC"
    elif address in init and kept == whole:
        right = crc24(init[address], packet[4:-3]) == packet[-3:]
        wrong_there = any("wrong bits" in text for text in said)
        crc = "valid" if flags & 0x800 else "wrong"
        assert (crc == "valid") == (right and not wrong_there), "the CRC's flags"
        assert right or "its CRC is wrong as it was sent" in said, "a comment on it"
    if address == 0x8E89BED6 and kept == whole and packet[4] & 15 == 5:
        init[int.from_bytes(packet[18:22], "little")] = int.from_bytes(packet[22:25], "little")
    octet_ns, preamble = (4000, 2) if flags >> 14 == 1 else (8000, 1)
    if side == "P>C" and before and before[0] == "C>P":
        assert 148000 <= at - before[1] <= 152000, f"T_IFS {at - before[1]} ns"
    on_air = len(packet) + (4 if flags & 8 else 0)
    before = (side, at + octet_ns * (preamble + on_air))
    print(number, at, side, crc, packet[4:].hex(), "; ".join(said))
END
    for name in good spoilt late secret beacons none; do
        is "our reader reads \"$name\"" python3 reader.py $name.pcapng
        cp log $name.read
    done
    gives 'where nothing goes wrong nothing is said' 1 '^0$' sh -c \
        "grep -c 'central:\|RADIO:\|\*\*\|again\|wrong' good.read"
    gives 'what was received with wrong bits is flagged' 0 \
        'C>P wrong .*RADIO: it received wrong bits' cat spoilt.read
    gives 'what was lost is said' 0 'P>C valid .*central: it was lost on the way' cat spoilt.read
    gives 'what was sent again is said' 0 'C>P valid .*sent again' cat spoilt.read
    gives 'the broken rule stands at a packet' 0 '\*\* latency: ' cat late.read
    gives 'what is encrypted is decrypted' 0 'P>C decrypted ' cat secret.read
    gives 'a clash is said' 0 'another frame was in the way' cat beacons.read
    gives 'a frame between the channels is said' 0 'on 2441 MHz lies no channel' cat beacons.read
    cat >edit.py <<'END'
# Changes one octet: the one at this place behind the first place of the hex string.
import sys
name, hexes, behind = sys.argv[1], bytes.fromhex(sys.argv[2]), int(sys.argv[3])
data = bytearray(open(name, "rb").read())
data[data.index(hexes) + behind] ^= 1
open("broken.pcapng", "wb").write(data)
END
    # What is broken | a place | octets behind it
    while IFS='|' read -r what place behind; do
        is "(one octet is changed: $what)" python3 edit.py good.pcapng "$place" "$behind"
        sees "$what is seen" python3 reader.py broken.pcapng
    done <<END
another byte order|4d3c2b1a|0
another link type|00010000000000000200|0
another unit of time|09000100|4
a size that is not the block's|06000000|4
a bit of a PDU|d6be898e|5
the CRC's flag|d6be898e|-1
END
    printf '\0\0\0\0' | cat good.pcapng - >broken.pcapng
    sees 'what follows the last block is seen' python3 reader.py broken.pcapng
fi

# ---- tshark

# shows SENTENCE NAME PATTERN OPTION...: tshark with these options prints a line that matches.
shows() {
    sentence=$1 name=$2 pattern=$3
    shift 3
    gives "tshark: $sentence" 0 "$pattern" tshark -r "$name.pcapng" "$@"
}
if ! skips tshark 'tshark reads captures'; then
    shows 'a CONNECT_IND, with its interval and timeout' good '^0x05	6	20$' -T fields \
        -e btle.advertising_header.pdu_type -e btle.link_layer_data.interval \
        -e btle.link_layer_data.timeout
    shows 'a control PDU of the central' good 'LL_VERSION_IND' -Y 'btle_rf.pdu_type == 2'
    shows 'a control PDU of the peripheral' good 'LL_VERSION_IND' -Y 'btle_rf.pdu_type == 3'
    shows 'a channel map' good 'LL_CHANNEL_MAP_IND'
    shows 'the end of the connection' good 'LL_TERMINATE_IND'
    shows 'a request of the central' good 'Sent Read Request' -Y 'btle_rf.pdu_type == 2'
    shows 'the value that it reads' good 'Rcvd Read Response' -Y 'btle_rf.pdu_type == 3'
    shows 'what is encrypted' secret 'Sent Read Request' -Y 'btle_rf.flags.mic_valid == 1'
    tshark -r secret.pcapng -Y '_ws.malformed || btle.crc.incorrect' >expert.txt 2>/dev/null
    is 'tshark: nothing that is encrypted is read as if it were not' cmp expert.txt /dev/null
    shows 'nanoseconds' good '^0\.[0-9]{6}[0-9]*[1-9][0-9]* *$' -T fields -e frame.time_epoch
    tshark -r good.pcapng -Y _ws.expert >expert.txt 2>/dev/null
    is 'tshark: nothing to remark where nothing goes wrong' cmp expert.txt /dev/null
    shows 'the wrong CRC' spoilt 'Incorrect CRC' -q -z expert
    shows 'the retransmissions' spoilt 'Retransmission' -q -z expert
    shows 'the comment' spoilt 'RADIO: it received wrong bits' -Y 'btle.crc.incorrect' -T fields \
        -e frame.comment
    shows 'the rule that broke' late '\*\* latency: ' -Y frame.comment -T fields -e frame.comment
fi

# ---- frames on a UART

# A frame for address 3, "abc", and a datagram, "hello", from fe80::2, port 1024, to fe80::1, port 7:
# made elsewhere. The app stores them octet by octet and has its UART send them.
wire=7e03036162639faf7e
wire=${wire}7eff03005760000000000d1140fe800000000000000000000000000002fe8000000000
wire=${wire}0000000000000000000104000007000dbaf668656c6c6f82db7e
steps=$(printf '%s\n' "$wire" | fold -w2 | awk '{
    printf "{ \"store\": \"app.ram+%d\", \"size\": 1, \"value\": \"0x%s\" },\n", 256 + NR, $1 }')
cat >x/wire.json <<END
{ "claim": "A host answers a datagram, and sends a frame and a datagram that are damaged.",
  "board": "nrf52840dk",
  "apps": [ { "name": "owner", "short_id": 16, "steps": [
      { "command": { "driver": "passthrough", "number": 2, "args": ["UARTE1", "UARTE1.size"] } },
      { "store": "UARTE1.ENABLE", "value": 8 },
      { "store": "UARTE1.BAUDRATE", "value": "0x01d7e000" },
      $steps
      { "store": "UARTE1.TXD.PTR", "value": "app.ram+257" },
      { "store": "UARTE1.TXD.MAXCNT", "value": $((${#wire} / 2)) },
      { "store": "UARTE1.TASKS_STARTTX", "value": 1 } ] } ],
  "world": { "host": { "on": "UARTE1", "answer": "echo", "plan": [
      { "at_us": 30000, "do": "frame", "address": 5, "text": "xy", "wrong": "fcs" },
      { "at_us": 40000, "do": "frame", "address": 6, "text": "xy" },
      { "at_us": 50000, "do": "datagram", "text": "spoilt", "wrong": "udp_checksum" } ] } },
  "until_ms": 80,
  "expect": { "host": { "frames_in": 2, "datagrams_in": 1, "answered": 1, "frames_out": 4 } } }
END
# Text with flags in it, and nothing else: damaged frames, were it a UART with frames.
cat >x/quiet.json <<'END'
{ "claim": "A host sends text to a UART that nobody has switched on.",
  "board": "nrf52840dk",
  "apps": [ { "name": "a", "steps": [ { "compute_us": 1 } ] } ],
  "world": { "host": { "on": "UARTE1", "plan": [ { "at_us": 10, "do": "raw", "text": "~/a and ~/b" } ] } },
  "until_ms": 10,
  "expect": { "host": { "octets_out": 11 } } }
END
for name in wire quiet; do
    "$postern" run --trace pcapng --output $name.pcapng x/$name.json >$name.txt 2>&1
    "$postern" run --trace pcapng --output again.pcapng x/$name.json >/dev/null 2>&1
    is "two captures of the run \"$name\" are the same" cmp $name.pcapng again.pcapng
    gives "the run \"$name\" holds" 0 '^1 claim holds' cat $name.txt
done
gives 'a UART without a good frame gives no packet' 0 'nothing was on the air, and no frame on a wire' \
    cat quiet.txt
# What the kernel's own UDP sends and hears, in two of the suite's claims: alone, and beside frames and text.
shares=datagrams_frames_and_text_share_one_line
alone=datagrams_reach_the_owner_of_their_port_and_nobody_else
for name in $alone $shares; do
    cp "$root/scenarios/virtualization/$name.json" x/ || exit 3
    "$postern" run --trace pcapng --output "$name".pcapng x/"$name".json >"$name".txt 2>&1
    gives "the claim \"$name\" holds, and is captured" 0 '^1 claim holds' cat "$name".txt
done
"$postern" show x/wire.json >wire.show
gives 'show: a frame that leaves' 0 'UARTE1 sends byte 0x7e .~.: a frame of address 3, 3 octets$' cat wire.show
gives 'show: a datagram that leaves' 0 'sends byte 0x7e .~.: UDP 1024 > 7, 5 octets$' cat wire.show
gives 'show: a datagram that comes' 0 'receives byte 0x7e .~.: UDP 7 > 1024, 5 octets$' cat wire.show
gives 'show: a frame that is damaged' 0 'a frame of 6 octets, bad FCS$' cat wire.show
gives 'show: a packet that is damaged' 0 'a packet of 54 octets, wrong UDP checksum$' cat wire.show
gives 'show: what a host notes is of the wire' 0 ' wire  +host: datagram 1024$' cat wire.show

if ! skips python3 'captures of a UART are whole'; then
    cat >wires.py <<'END'
# Reads the capture of a UART: interfaces, directions, times, packets; checks UDP's checksums. Prints
# a line a packet: interface, direction, nanoseconds, octets, whether the checksum is right, comments.
import struct, sys

data, at, names, last = open(sys.argv[1], "rb").read(), 0, [], 0
while at < len(data):
    kind, size = struct.unpack_from("<II", data, at)
    assert size % 4 == 0 and struct.unpack_from("<I", data, at + size - 4)[0] == size, "a block's size"
    body, at = data[at + 8 : at + size - 4], at + size
    if kind == 0x0A0D0D0A:
        continue
    behind = 8 if kind == 1 else 20 + struct.unpack_from("<I", body, 12)[0]
    behind += -behind % 4
    options = []
    while True:
        code, length = struct.unpack_from("<HH", body, behind)
        if code == 0:
            break
        options.append((code, body[behind + 4 : behind + 4 + length]))
        behind += 4 + length + -length % 4
    if kind == 1:
        names.append((struct.unpack_from("<H", body)[0], dict(options)[2].decode()))
        assert (9, b"\x09") in options, "nanoseconds"
        continue
    assert kind == 6, "a packet"
    interface, high, low, kept, whole = struct.unpack_from("<IIIII", body)
    packet, now = body[20 : 20 + kept], high << 32 | low
    assert kept == whole and now >= last, "its size, and times go on"
    last = now
    link, name = names[interface]
    assert (link == 50) == (packet[0] == 0xFF), "PPP is on an interface of its own"
    assert packet[1] == 3, "control"
    right = "-"
    if link == 50:
        assert packet[2:5] == b"\x00\x57\x60", "IPv6"
        ip = packet[4:]
        length = struct.unpack_from(">H", ip, 4)[0]
        assert length == len(ip) - 40, "lengths: no FCS behind"
        summed = ip[8:40] + struct.pack(">II", length, ip[6]) + ip[40:] + b"\0" * (length % 2)
        right = "wrong" if sum(struct.unpack(f">{len(summed) // 2}H", summed)) % 0xFFFF else "right"
    flags = struct.unpack("<I", dict(options)[2])[0]
    said = "; ".join(text.decode() for code, text in options if code == 1)
    print(link, name, {1: "in", 2: "out"}[flags], now, packet.hex(), right, said)
END
    is 'our reader reads the capture of a UART' python3 wires.py wire.pcapng
    cp log wire.read
    gives 'all frames are there, and no other' 0 '^6$' grep -c . wire.read
    gives 'a frame of another address is no PPP' 0 '^147 UARTE1 frames out [0-9]+ 0303616263 - $' cat wire.read
    gives 'a datagram leaves' 0 '^50 UARTE1 PPP out [0-9]+ ff0300576.*68656c6c6f right $' cat wire.read
    gives 'its answer comes' 0 '^50 UARTE1 PPP in [0-9]+ ff0300576.*68656c6c6f right $' cat wire.read
    # 8 octets, from the first cycle behind 40 ms on; one takes 1389 cycles of 16 MHz: 694.5 us.
    gives 'the time is that of the last bit' 0 '^147 UARTE1 frames in 406945[0-6][0-9] 06037879 - $' cat wire.read
    gives 'a damaged frame is there, and it is said' 0 '^147 .* in [0-9]+ 05037879 - a frame of 6 octets, bad FCS$' \
        cat wire.read
    gives 'a damaged datagram is there, and it is said' 0 ' wrong a packet of 54 octets, wrong UDP checksum$' \
        cat wire.read
    for name in $alone $shares; do
        is "our reader reads the capture of \"$name\"" python3 wires.py "$name".pcapng
        cp log "$name".read
        gives 'all its checksums are right, and it says nothing of any packet' 1 '^0$' \
            grep -cvE '^50 UARTE0 PPP (in|out) [0-9]+ ff03[0-9a-f]+ right $|^147 UARTE0 frames (in|out) [0-9]+ 03[0-9a-f]+ - $' \
            "$name".read
    done
    gives 'the datagram of port 5000 leaves' 0 '^50 UARTE0 PPP out [0-9]+ ff03005760.*13880007000c....6c656674 right $' \
        cat $alone.read
    gives 'and comes back' 0 '^50 UARTE0 PPP in [0-9]+ ff03005760.*00071388000c....6c656674 right $' cat $alone.read
    gives 'nine datagrams, and nothing else' 0 '^9$' grep -c '^50 ' $alone.read
    gives 'frames beside datagrams' 0 '^147 UARTE0 frames out [0-9]+ 03036672616d' cat $shares.read
    is 'our reader: the capture of nothing' python3 wires.py quiet.pcapng
    gives 'which has one interface, the air' 1 '^0$' grep -ac 'UARTE1 PPP' quiet.pcapng
fi
if ! skips tshark 'tshark reads captures of a UART'; then
    shows 'UDP over IPv6 over PPP on a UART' wire '^fe80::2	fe80::1	1024	7	1$' -o udp.check_checksum:TRUE \
        -Y 'ppp.protocol == 0x57' -T fields -e ipv6.src -e ipv6.dst -e udp.srcport -e udp.dstport \
        -e udp.checksum.status
    shows 'the direction' wire '^UARTE1 PPP	0x0*1$' -Y ppp -T fields -e frame.interface_name \
        -e frame.packet_flags_direction
    shows 'the wrong checksum' wire 'wrong UDP checksum' -o udp.check_checksum:TRUE \
        -Y 'udp.checksum.bad' -T fields -e frame.comment
    shows 'UDP of the kernel' $alone '^fe80::2	fe80::1	5000	7	1$' -o udp.check_checksum:TRUE -Y udp \
        -T fields -e ipv6.src -e ipv6.dst -e udp.srcport -e udp.dstport -e udp.checksum.status
    for name in $alone $shares; do
        tshark -r "$name".pcapng -Y 'udp' >udp.txt 2>/dev/null
        gives "tshark: datagrams in \"$name\"" 0 '^(9|[1-9][0-9])$' grep -c . udp.txt
        tshark -r "$name".pcapng -o udp.check_checksum:TRUE \
            -Y 'ppp && (_ws.expert || _ws.malformed || !udp || udp.checksum.status != 1)' >expert.txt 2>/dev/null
        is "tshark: nothing to remark on \"$name\"" cmp expert.txt /dev/null
    done
    tshark -r wire.pcapng -o udp.check_checksum:TRUE -Y 'ppp && _ws.expert && !udp.checksum.bad' \
        >expert.txt 2>/dev/null
    is 'tshark: nothing to remark on frames that are good' cmp expert.txt /dev/null
fi

# ---- the same as text

gives 'show: what was sent, by name' 0 'RADIO has sent: LL_VERSION_IND, SN [01] NESN [01]$' \
    "$postern" show x/good.json
gives 'show: what is encrypted as well' 0 'RADIO has sent: ATT_READ_RSP \(encrypted\), SN' \
    "$postern" show x/secret.json
"$postern" show --ble x/good.json >good.ble
gives 'show --ble: a line for each event' 0 '^31$' grep -cE '^ +[0-9]+ +[0-9]+ +[0-9.]+ +2\.000  > ' good.ble
gives 'show --ble: who, from CONNECT_IND on' 0 \
    '^connection 1: central > RADIO, access address 0x[0-9a-f]{8}' cat good.ble
gives 'show --ble: a request and what it answers' 0 \
    '^ +3 .*> ATT_READ_REQ ./.  < empty ./. 150\.000$' cat good.ble
gives 'show --ble: a summary' 0 '^ +31 events: 31 answered, 0 skipped, 0 lost on the air, 0 missed; 0 late$' cat good.ble
gives 'show --ble: the margin of T_IFS' 0 '^ +margin of T_IFS: min 2\.000 \(event 0\), p1 >= ' cat good.ble
gives 'show --ble: why it is over' 0 '^ +central: lost 0x16$' cat good.ble
gives 'show --ble: how it stands' 0 'at the end: central terminated, peripheral terminated' cat good.ble
gives 'show --ble: wrong bits' 0 'RADIO: it received wrong bits' "$postern" show --ble x/spoilt.json
gives 'show --ble: what the central misses' 0 'central: missed 6' "$postern" show --ble x/spoilt.json
gives 'show --ble: a rule that broke' 0 '\*\* latency: ' "$postern" show --ble x/late.json
gives 'show --ble: nobody connects' 0 'no CONNECT_IND was on the air' "$postern" show --ble x/beacons.json
gives 'show --ble --around: two events on either side' 0 '^4$' sh -c \
    "'$postern' show --ble --around 60000 --lines 2 x/good.json | grep -cE '^ +[0-9]+ .*  > '"
gives 'show --ble: a flag that does nothing there is refused' 2 'app does nothing with --ble' \
    "$postern" show --ble --app ble x/good.json

# ---- in reports

gives 'the report has a line for the connection' 0 \
    '^  central > RADIO +1 +31 +0 +0 +0 +0 +2\.000 +2\.000 +2\.000 +2\.000 +0$' "$postern" run x/good.json
gives 'JSON has its sums' 0 '"events": 31, "answered": 31, .*"turnaround_margin": \{"count": 31, "min_us": 2' \
    "$postern" run --format json x/good.json
gives 'JSON has none where there is none' 0 '"connections": \[\]' \
    "$postern" run --format json x/beacons.json
