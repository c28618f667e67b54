/* err.h: Tock's error codes. The numbers reach the app unchanged: never renumber.
 * Source: TRD 104, section 3.3. Code 1024 (BADRVAL) is userspace's own and never sent.
 */
#ifndef MODEL_ERR_H
#define MODEL_ERR_H

enum err {
    ERR_NONE = 0,
    ERR_FAIL = 1,         /* a failure without a better name */
    ERR_BUSY = 2,         /* in use; may work later */
    ERR_ALREADY = 3,      /* what was asked for is so already */
    ERR_OFF = 4,          /* the component is powered down */
    ERR_RESERVE = 5,      /* reserved by another, or a reservation is missing */
    ERR_INVAL = 6,        /* an argument makes no sense */
    ERR_SIZE = 7,         /* too large, too small, or empty */
    ERR_CANCEL = 8,       /* cancelled by a call */
    ERR_NOMEM = 9,        /* memory, MPU regions or table rows have run out */
    ERR_NOSUPPORT = 10,   /* the operation is unknown */
    ERR_NODEVICE = 11,    /* there is no such driver or device */
    ERR_UNINSTALLED = 12, /* the device is not physically there */
    ERR_NOACK = 13,       /* the other side did not acknowledge */
};
_Static_assert(ERR_NOACK == 13, "TRD 104 fixes these numbers");

#endif
