#include "sim/ble/notes.h"

#include "sim/ble/pdu.h"

#include <inttypes.h>
#include <stdio.h>

const char *const ble_peer_state_names[BLE_PEER_STATES + 1] = {
    [BLE_PEER_IDLE] = "idle",
    [BLE_PEER_SCANNING] = "scanning",
    [BLE_PEER_INITIATING] = "initiating",
    [BLE_PEER_CREATED] = "created",
    [BLE_PEER_ESTABLISHED] = "established",
    [BLE_PEER_CLOSED] = "closed",
};

enum style { NUMBER, HEX, NS, STATE, OPCODE };

static const struct {
    const char *name;
    enum style style;
} rows[BLE_NOTES] = {
    [BLE_NOTE_STATE] = {"state", STATE},
    [BLE_NOTE_ANCHOR] = {"anchor", NUMBER},
    [BLE_NOTE_TURNAROUND] = {"turnaround", NS},
    [BLE_NOTE_LATE] = {"late", NS},
    [BLE_NOTE_EARLY] = {"early", NS},
    [BLE_NOTE_MISSED] = {"missed", NUMBER},
    [BLE_NOTE_CRC] = {"bad-crc", NUMBER},
    [BLE_NOTE_PROCEDURE] = {"procedure", OPCODE},
    [BLE_NOTE_PROCEDURE_DONE] = {"done", OPCODE},
    [BLE_NOTE_PROCEDURE_FAIL] = {"refused", OPCODE},
    [BLE_NOTE_INSTANT] = {"instant", NUMBER},
    [BLE_NOTE_ENCRYPTED] = {"encrypted", NUMBER},
    [BLE_NOTE_READ] = {"read", NUMBER},
    [BLE_NOTE_READ_FAILED] = {"read-failed", HEX},
    [BLE_NOTE_LOST] = {"lost", HEX},
    [BLE_NOTE_ADVERTISEMENT] = {"advertisement", NUMBER},
    [BLE_NOTE_PLAN] = {"plan", NUMBER},
};

const char *ble_note_name(uint32_t note)
{
    return note < BLE_NOTES ? rows[note].name : NULL;
}

static const char *word_of(enum style style, uint32_t value)
{
    if (style == STATE && value < BLE_PEER_STATES)
        return ble_peer_state_names[value];
    return style == OPCODE ? ble_control_name(value) : NULL;
}

const char *ble_note_text(uint32_t note, uint32_t value, char *text, size_t size)
{
    const char *name = ble_note_name(note);
    enum style style = name ? rows[note].style : NUMBER;
    const char *word = word_of(style, value);
    if (!name)
        (void)snprintf(text, size, "%" PRIu32 " %" PRIu32, note, value);
    else if (word)
        (void)snprintf(text, size, "%s %s", name, word);
    else if (style == NS)
        (void)snprintf(text, size, "%s %" PRIu32 ".%03" PRIu32 " us", name, value / 1000,
                       value % 1000);
    else
        (void)snprintf(text, size,
                       style == NUMBER || style == STATE ? "%s %" PRIu32 : "%s 0x%02" PRIx32, name,
                       value);
    return text;
}
