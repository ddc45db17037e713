/* The two ends of a wire for bench/fanout.py, as plain as C can be.

   wire read PORT COUNT TOKEN   opens COUNT websockets (Authorization: Bearer TOKENi) and throws away what comes
   wire send COUNT              listens, shakes hands with COUNT readers, and sends frames in a loop

   Both say "ready PORT" and obey lines on stdin: reader "count" -> bytes so far;
   sender "go ROUNDS PAUSE_US HEXFRAME" -> "CPU_NS WALL_NS" of ROUNDS x COUNT calls of send(2). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* Read up to the blank line, one byte at a time: nothing after it is lost. */
static void skip_head(int fd) {
    char last[4] = "";
    while (memcmp(last, "\r\n\r\n", 4) != 0) {
        memmove(last, last + 1, 3);
        if (read(fd, last + 3, 1) != 1) { perror("handshake"); exit(1); }
    }
}

static int read_all(int port, int count, const char *token) {
    int queue = epoll_create1(0);
    unsigned long long bytes = 0;
    static char waste[1 << 18];
    for (int i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in address = loopback(port);
        if (connect(fd, (struct sockaddr *)&address, sizeof address)) { perror("connect"); return 1; }
        char head[512];
        int length = snprintf(head, sizeof head,
            "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Authorization: Bearer %s%d\r\n\r\n", token, i);
        if (write(fd, head, length) != length) { perror("write"); return 1; }
        skip_head(fd);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event);
    }
    struct epoll_event stdin_event = {.events = EPOLLIN, .data.fd = 0};
    epoll_ctl(queue, EPOLL_CTL_ADD, 0, &stdin_event);
    printf("ready %d\n", port);
    fflush(stdout);
    struct epoll_event events[256];
    for (;;) {
        int ready = epoll_wait(queue, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            ssize_t got = read(events[i].data.fd, waste, sizeof waste);
            if (events[i].data.fd == 0) {
                if (got <= 0) return 0;
                printf("%llu\n", bytes);
                fflush(stdout);
            } else if (got > 0) bytes += got;
            else epoll_ctl(queue, EPOLL_CTL_DEL, events[i].data.fd, NULL);
        }
    }
}

static long long now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int send_all(int count) {
    int door = socket(AF_INET, SOCK_STREAM, 0), on = 1, *fds = calloc(count, sizeof *fds);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(door, (struct sockaddr *)&address, size) || listen(door, 1024)) { perror("listen"); return 1; }
    getsockname(door, (struct sockaddr *)&address, &size);
    printf("ready %d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (int i = 0; i < count; i++) {
        fds[i] = accept(door, NULL, NULL);
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        skip_head(fds[i]);
        if (write(fds[i], "HTTP/1.1 101 Go\r\n\r\n", 19) != 19) return 1;
    }
    static char line[1 << 20], hex[1 << 20];
    static unsigned char frame[1 << 19];
    while (fgets(line, sizeof line, stdin)) {
        int rounds, pause;
        if (sscanf(line, "go %d %d %1048575s", &rounds, &pause, hex) != 3) return 2;
        size_t length = strlen(hex) / 2;
        for (size_t i = 0; i < length; i++) sscanf(hex + 2 * i, "%2hhx", &frame[i]);
        long long cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < count; i++)
                if (send(fds[i], frame, length, MSG_NOSIGNAL) != (ssize_t)length) { perror("send"); return 1; }
            if (pause) usleep(pause);
        }
        printf("%lld %lld\n", now(CLOCK_PROCESS_CPUTIME_ID) - cpu, now(CLOCK_MONOTONIC) - wall);
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 5 && !strcmp(argv[1], "read")) return read_all(atoi(argv[2]), atoi(argv[3]), argv[4]);
    if (argc == 3 && !strcmp(argv[1], "send")) return send_all(atoi(argv[2]));
    fprintf(stderr, "wire read PORT COUNT TOKEN | wire send COUNT\n");
    return 2;
}
