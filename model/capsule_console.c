#include "model/chip_uarte.h"
#include "model/kernel.h"
#include "model/virt/virt.h"

enum { CONSOLE_DRIVER = 0x1, UPCALL_WRITTEN = 1, UPCALL_READ = 2, BUFFER = 1 };
enum { EXISTS, WRITE, READ, ABORT_READ };

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

static enum err write_accept(struct kernel *k, struct hw *hw, struct process *p, uint32_t length)
{
    const struct span buffer = grant_allow(hw, p, &console_driver, ALLOW_RO, BUFFER);
    const uint32_t request[VIRT_WORDS] = {[UART_LENGTH] = smaller(length, buffer.size)};

    if (request[UART_LENGTH] == 0)
        return ERR_SIZE;
    return virt_ask_process(k, hw, &virt_uart, p, request);
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
    console->read_count = 0;
    console->read_stopped = false;
    hw_note(hw, NOTE_CONSOLE_CLIENT, p->id.index, buffer.base, buffer.size);
    if (!k->config->frames)
        chip_uarte_receive(hw, k->config->console.base, buffer);
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

/* How much has come; the UARTE's word may be any. */
static uint32_t read_size(struct kernel *k, struct hw *hw)
{
    const struct console_service *console = &k->services.console;

    if (k->config->frames)
        return console->read_count;
    return smaller(chip_uarte_received_size(hw, k->config->console.base), console->read_length);
}

/* The reader's buffer is full, or its reception has been stopped. */
static void read_end(struct kernel *k, struct hw *hw)
{
    struct console_service *console = &k->services.console;
    const struct process *p = kernel_process(k, console->reader);

    if (!console->reader.unique)
        return;
    if (p) {
        uint32_t copied = read_copy(k, hw, p, read_size(k, hw));
        const uint32_t args[3] = {console->read_stopped ? ERR_CANCEL : ERR_NONE, copied, 0};
        enum err err = upcall_queue(k, hw, p->id, &console_driver, UPCALL_READ, args);
        (void)err; /* dropped ones are counted there */
    }
    console->reader = (struct process_id){0, 0};
    console->read_stopped = false;
    buffer_wipe(hw, buffer_receiving(k));
}

/* Where the line is the reader's own, the receiver takes its time to stop. */
static void read_stop(struct kernel *k, struct hw *hw)
{
    k->services.console.read_stopped = true;
    if (k->config->frames)
        read_end(k, hw);
    else
        chip_uarte_receive_stop(hw, k->config->console.base);
}

void console_restart(struct kernel *k, struct hw *hw)
{
    const struct console_service *console = &k->services.console;
    uint32_t base = k->config->console.base;
    struct span buffer = {buffer_receiving(k).base, console->read_length};

    chip_uarte_stop(hw, base);
    chip_uarte_start(hw, base);
    if (k->config->frames)
        uart_receive_again(k, hw);
    else if (console->read_stopped)
        read_end(k, hw);
    else if (console->reader.unique)
        chip_uarte_receive(hw, base, buffer);
}

static enum err read_abort(struct kernel *k, struct hw *hw, const struct process *p)
{
    if (k->services.console.reader.unique != p->id.unique || k->services.console.read_stopped)
        return ERR_ALREADY;
    read_stop(k, hw);
    return ERR_NONE;
}

bool console_take(struct kernel *k, struct hw *hw, uint8_t byte)
{
    struct console_service *console = &k->services.console;
    struct span to = {buffer_receiving(k).base + console->read_count, 1};

    if (!console->reader.unique)
        return false;
    enum err err = hw_ram_write(hw, to, &byte);
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
    if (++console->read_count == console->read_length)
        read_end(k, hw);
    return true;
}

/* ---- the driver */

static enum err console_act(struct kernel *k, struct hw *hw, struct process *p, uint32_t number,
                            uint32_t length)
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
    return return_of(err ? err : console_act(k, hw, p, number, a));
}

static bool console_present(const struct kernel *k)
{
    return virt_present(k, &virt_uart);
}

static void console_start(struct kernel *k, struct hw *hw)
{
    k->services.console = (struct console_service){0};
    buffer_wipe(hw, buffer_receiving(k));
    chip_uarte_start(hw, k->config->console.base);
    uart_start(k, hw);
}

/* A read might wait for ever. */
static void console_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    virt_forget(k, hw, &virt_uart, id);
    if (k->services.console.reader.unique == id.unique && !k->services.console.read_stopped)
        read_stop(k, hw);
}

/* Without frames. */
static void read_interrupt(struct kernel *k, struct hw *hw)
{
    bool is_full = chip_uarte_received(hw, k->config->console.base);
    bool has_stopped = chip_uarte_receiver_stopped(hw, k->config->console.base);

    if (k->services.console.read_stopped ? has_stopped : is_full)
        read_end(k, hw);
}

static bool console_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    if (!console_present(k) || k->config->console.line != line)
        return false;
    if (k->config->frames)
        uart_received(k, hw);
    else
        read_interrupt(k, hw);
    if (chip_uarte_sent(hw, k->config->console.base))
        uart_sent(k, hw);
    return true;
}

const struct driver console_driver = {
    .number = CONSOLE_DRIVER,
    .upcalls = UPCALL_READ + 1,
    .allows = {[ALLOW_RW] = BUFFER + 1, [ALLOW_RO] = BUFFER + 1},
    .grant_bytes = 4 * UART_WORDS,
    .present = console_present,
    .start = console_start,
    .command = console_command,
    .on_process_end = console_process_end,
    .on_interrupt = console_interrupt,
};
