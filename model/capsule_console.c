#include "model/capsule_state.h"
#include "model/chip_uarte.h"
#include "model/kernel.h"

enum { CONSOLE_DRIVER = 0x1, UPCALL_WRITTEN = 1, UPCALL_READ = 2, BUFFER = 1 };
enum { EXISTS, WRITE, READ, ABORT_READ };

/* One process's write, in its grant; total 0: none waits or runs. */
enum { TOTAL, SENT, WRITE_WORDS };

static struct span buffer_sending(const struct kernel *k)
{
    return (struct span){k->config->kernel_ram.base, CONSOLE_BUFFER};
}

static struct span buffer_receiving(const struct kernel *k)
{
    return (struct span){k->config->kernel_ram.base + CONSOLE_BUFFER, CONSOLE_BUFFER};
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void buffer_wipe(struct hw *hw, struct span buffer)
{
    enum err err = process_zero(hw, buffer);
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
}

static bool write_load(struct hw *hw, const struct process *p, uint32_t write[WRITE_WORDS])
{
    return !capsule_state_load(hw, p, &console_driver, write, WRITE_WORDS) && write[TOTAL] > 0;
}

static enum err write_store(struct hw *hw, const struct process *p, uint32_t total, uint32_t sent)
{
    const uint32_t write[WRITE_WORDS] = {total, sent};

    return capsule_state_store(hw, p, &console_driver, write, WRITE_WORDS);
}

/* ---- sending: one write at a time, in chunks of the buffer; the writers take turns */

/* Sends what comes next of `p`'s write; false: nothing is left, or the buffer has gone. */
static bool chunk_send(struct kernel *k, struct hw *hw, const struct process *p,
                       const uint32_t write[WRITE_WORDS])
{
    struct console_service *console = &k->services.console;
    struct span from = grant_allow(hw, p, &console_driver, ALLOW_RO, BUFFER);
    uint32_t end = smaller(write[TOTAL], from.size);
    uint8_t bytes[CONSOLE_BUFFER];

    if (write[SENT] >= end)
        return false;
    struct span chunk = buffer_sending(k);
    chunk.size = smaller(end - write[SENT], CONSOLE_BUFFER);
    if (buffer_read(hw, p, from, write[SENT], chunk.size, bytes) || hw_ram_write(hw, chunk, bytes))
        return false;
    console->writer = p->id;
    console->write_length = chunk.size;
    hw_note(hw, NOTE_CONSOLE_CLIENT, p->id.index, chunk.base, chunk.size);
    chip_uarte_send(hw, k->config->console.base, chunk);
    return true;
}

/* Nobody's bytes are in the buffer any more. */
static void writer_clear(struct kernel *k, struct hw *hw)
{
    k->services.console.writer = (struct process_id){0, 0};
    k->services.console.write_length = 0;
    buffer_wipe(hw, buffer_sending(k));
}

static void write_end(struct kernel *k, struct hw *hw, const struct process *p, uint32_t sent)
{
    const uint32_t args[3] = {sent, 0, 0};

    writer_clear(k, hw);
    if (write_store(hw, p, 0, 0))
        return; /* its grant is broken: there is no write any more */
    enum err err = upcall_queue(k, hw, p->id, &console_driver, UPCALL_WRITTEN, args);
    (void)err; /* dropped ones are counted there */
}

/* The next process with a write, from whose turn it is on; NULL: none. */
static const struct process *writer_next(struct kernel *k, struct hw *hw,
                                         uint32_t write[WRITE_WORDS])
{
    uint32_t *turn = &k->services.console.turn;

    for (uint32_t i = 0; i < k->process_count; i++) {
        const struct process *p = &k->processes[(*turn + i) % k->process_count];
        if (!write_load(hw, p, write))
            continue;
        *turn = (p->id.index + 1) % k->process_count;
        return p;
    }
    return NULL;
}

/* Begins the next write, if none is under way. One that cannot begin ends with 0 bytes. */
static void write_begin(struct kernel *k, struct hw *hw)
{
    uint32_t write[WRITE_WORDS];

    for (uint32_t i = 0; i < k->process_count && !k->services.console.writer.unique; i++) {
        const struct process *p = writer_next(k, hw, write);
        if (!p)
            return;
        if (!chunk_send(k, hw, p, write))
            write_end(k, hw, p, 0);
    }
}

static void chunk_sent(struct kernel *k, struct hw *hw)
{
    struct console_service *console = &k->services.console;
    const struct process *p = kernel_process(k, console->writer);
    uint32_t write[WRITE_WORDS];

    if (!p || !write_load(hw, p, write)) {
        writer_clear(k, hw); /* it died meanwhile: its bytes went out, its place is free */
    } else {
        write[SENT] += console->write_length;
        if (write_store(hw, p, write[TOTAL], write[SENT]) || !chunk_send(k, hw, p, write))
            write_end(k, hw, p, smaller(write[SENT], write[TOTAL]));
    }
    write_begin(k, hw);
}

static enum err write_accept(struct kernel *k, struct hw *hw, const struct process *p,
                             uint32_t length)
{
    uint32_t write[WRITE_WORDS];

    if (write_load(hw, p, write))
        return ERR_BUSY;
    length = smaller(length, grant_allow(hw, p, &console_driver, ALLOW_RO, BUFFER).size);
    if (length == 0)
        return ERR_SIZE;
    enum err err = write_store(hw, p, length, 0);
    if (!err)
        write_begin(k, hw);
    return err;
}

/* ---- receiving: one reader at a time, first come first served */

static enum err read_accept(struct kernel *k, struct hw *hw, const struct process *p,
                            uint32_t length)
{
    struct console_service *console = &k->services.console;
    struct span buffer = buffer_receiving(k);

    if (console->reader.unique)
        return ERR_BUSY;
    length = smaller(length, grant_allow(hw, p, &console_driver, ALLOW_RW, BUFFER).size);
    buffer.size = smaller(length, CONSOLE_BUFFER);
    if (buffer.size == 0)
        return ERR_SIZE;
    console->reader = p->id;
    console->read_length = buffer.size;
    console->read_stopped = false;
    hw_note(hw, NOTE_CONSOLE_CLIENT, p->id.index, buffer.base, buffer.size);
    chip_uarte_receive(hw, k->config->console.base, buffer);
    return ERR_NONE;
}

static void read_stop(struct kernel *k, struct hw *hw)
{
    k->services.console.read_stopped = true;
    chip_uarte_receive_stop(hw, k->config->console.base);
}

static enum err read_abort(struct kernel *k, struct hw *hw, const struct process *p)
{
    if (k->services.console.reader.unique != p->id.unique || k->services.console.read_stopped)
        return ERR_ALREADY;
    read_stop(k, hw);
    return ERR_NONE;
}

/* Copies what came to the reader's buffer as it is now; how many bytes. */
static uint32_t read_copy(struct kernel *k, struct hw *hw, const struct process *p, uint32_t size)
{
    struct span to = grant_allow(hw, p, &console_driver, ALLOW_RW, BUFFER);
    struct span from = buffer_receiving(k);
    uint8_t bytes[CONSOLE_BUFFER];

    from.size = smaller(size, to.size);
    if (from.size == 0 || hw_ram_read(hw, from, bytes) ||
        buffer_write(hw, p, to, 0, from.size, bytes))
        return 0;
    return from.size;
}

/* The reader's buffer is full, or its reception has been stopped. */
static void read_end(struct kernel *k, struct hw *hw)
{
    struct console_service *console = &k->services.console;
    const struct process *p = kernel_process(k, console->reader);

    if (!console->reader.unique)
        return;
    if (p) {
        uint32_t size = chip_uarte_received_size(hw, k->config->console.base); /* or so it says */
        uint32_t copied = read_copy(k, hw, p, smaller(size, console->read_length));
        const uint32_t args[3] = {console->read_stopped ? ERR_CANCEL : ERR_NONE, copied, 0};
        enum err err = upcall_queue(k, hw, p->id, &console_driver, UPCALL_READ, args);
        (void)err; /* dropped ones are counted there */
    }
    console->reader = (struct process_id){0, 0};
    console->read_stopped = false;
    buffer_wipe(hw, buffer_receiving(k));
}

/* ---- the driver */

static enum err console_act(struct kernel *k, struct hw *hw, const struct process *p,
                            uint32_t number, uint32_t length)
{
    switch (number) {
    case WRITE:
        return write_accept(k, hw, p, length);
    case READ:
        return read_accept(k, hw, p, length);
    default:
        return read_abort(k, hw, p);
    }
}

static struct syscall_return console_command(struct kernel *k, struct hw *hw, struct process *p,
                                             uint32_t number, uint32_t a, uint32_t b)
{
    (void)b;
    if (number == EXISTS)
        return return_success();
    if (number > ABORT_READ)
        return return_failure(ERR_NOSUPPORT);
    enum err err = grant_allocate(hw, p, &console_driver);
    if (!err)
        err = grant_enter(hw, p, &console_driver);
    if (err)
        return return_failure(err);
    err = console_act(k, hw, p, number, a);
    grant_leave(p, &console_driver);
    return return_of(err);
}

static bool console_present(const struct kernel *k)
{
    return k->config->console.present && k->config->kernel_ram.size >= 2 * CONSOLE_BUFFER;
}

static void console_start(struct kernel *k, struct hw *hw)
{
    k->services.console = (struct console_service){0};
    buffer_wipe(hw, buffer_sending(k));
    buffer_wipe(hw, buffer_receiving(k));
    chip_uarte_start(hw, k->config->console.base);
}

/* A writer's transfer under way ends by itself, in kernel RAM; a read might wait for ever. */
static void console_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    if (k->services.console.reader.unique == id.unique && !k->services.console.read_stopped)
        read_stop(k, hw);
}

static bool console_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    if (!console_present(k) || k->config->console.line != line)
        return false;
    if (chip_uarte_sent(hw, k->config->console.base))
        chunk_sent(k, hw);
    bool is_full = chip_uarte_received(hw, k->config->console.base);
    bool has_stopped = chip_uarte_receiver_stopped(hw, k->config->console.base);
    if (k->services.console.read_stopped ? has_stopped : is_full)
        read_end(k, hw);
    return true;
}

const struct driver console_driver = {
    .number = CONSOLE_DRIVER,
    .upcalls = UPCALL_READ + 1,
    .allows = {[ALLOW_RW] = BUFFER + 1, [ALLOW_RO] = BUFFER + 1},
    .grant_bytes = 4 * WRITE_WORDS,
    .present = console_present,
    .start = console_start,
    .command = console_command,
    .on_process_end = console_process_end,
    .on_interrupt = console_interrupt,
};
