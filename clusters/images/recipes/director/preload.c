/* Works around two bugs of user-mode Linux, seen in Debian's 6.1. This library is loaded with LD_PRELOAD.
 *
 * Register state. The kernel has a buffer of 2,696 bytes for a guest process's extended registers, which is
 * enough up to AVX-512. Processors with AMX (since Sapphire Rapids) have 11,008 bytes, and PTRACE_SETREGSET
 * accepts only the full size: the kernel dies when it starts its first program. Linux 6.13 reads the size
 * from the processor. `ptrace` below appends the missing bytes from the state of a new process. Guests
 * cannot use AMX, so no state is lost.
 *
 * Idle sleep. An idle guest sleeps in sigsuspend until a timer or SIGIO. If the SIGIO of a packet arrives
 * just before the sleep begins, the guest finds the packet only when something else wakes it: of 18,000
 * connections four waited for a second, and many for less. Later kernels block signals until the sleep
 * begins. `sigsuspend` below also returns when the kernel's epoll descriptor is readable, and then raises
 * SIGIO again.
 *
 * Only libc's symbols are used, so that the library compiles without any header (`tcc -nostdlib`).
 */

typedef unsigned long size;

extern void *dlsym(void *handle, const char *symbol);
extern void *memcpy(void *to, const void *from, size length);
extern int getpid(void);
extern int kill(int pid, int signal);

struct pollfd {
    int fd;
    short events, seen;
};
extern int ppoll(struct pollfd *fds, size count, const void *timeout, const void *signal_mask);

#define NEXT(symbol) dlsym((void *)-1L /* RTLD_NEXT */, symbol)

enum { GET = 0x4204 /* PTRACE_GETREGSET */, SET = 0x4205 /* PTRACE_SETREGSET */ };
enum { XSTATE = 0x202 /* NT_X86_XSTATE */, LARGEST = 65536 };
enum { READABLE = 1 /* POLLIN */, SIGIO = 29 };

struct iovec {
    void *base;
    size length;
};

static unsigned char state[LARGEST];
static size state_size; /* in bytes, on this processor; 0 until the first call */

long ptrace(int request, int pid, void *address, void *data)
{
    static long (*libc)(int, int, void *, void *);
    struct iovec *given = data;
    struct iovec whole;

    if (!libc)
        libc = NEXT("ptrace");
    if (request != SET || address != (void *)XSTATE)
        return libc(request, pid, address, data);
    whole.base = state;
    if (!state_size) {
        whole.length = LARGEST;
        if (libc(GET, pid, address, &whole) < 0)
            return -1;
        state_size = whole.length;
    }
    if (given->length >= state_size)
        return libc(request, pid, address, data);
    memcpy(state, given->base, given->length);
    whole.length = state_size;
    return libc(request, pid, address, &whole);
}

static int epoll = -1; /* the kernel's only one, for all its serial lines and devices */

int epoll_create(int size_hint)
{
    static int (*libc)(int);

    if (!libc)
        libc = NEXT("epoll_create");
    return epoll = libc(size_hint);
}

int sigsuspend(const void *signal_mask)
{
    struct pollfd waiting;

    waiting.fd = epoll; /* ppoll ignores a negative descriptor and waits for signals only */
    waiting.events = READABLE;
    if (ppoll(&waiting, 1, 0, signal_mask) > 0)
        kill(getpid(), SIGIO);
    return -1;
}
