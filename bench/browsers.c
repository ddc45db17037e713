/* The browsers of bench/pop.py: many agents' desks on one thread, so that what is measured is the server.

   browsers PORT COUNT TOKEN WATCHED   opens COUNT websockets (Authorization: Bearer TOKENi), subscribed as the desk is

   It answers pings, says "shown" of every card, and writes lines to stdout:
     snapshot I CONNECTED      the first state came; whether the PBX is connected
     pbx I CONNECTED           the PBX's link changed
     events NS I LENGTH        a frame with a card (or, for every WATCHED-th agent, with a ringing phone) was read at
                               that monotonic time; LENGTH bytes of JSON and a newline follow
     closed I                  the server let go */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char SUBSCRIBE[] = "{\"type\":\"subscribe\",\"topics\":[\"presence\",\"queue\"]}";

struct browser {
    int fd, number, watches, greeted;
    size_t have, room;
    unsigned char *data;
};

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int holds(const unsigned char *data, size_t length, const char *word) {
    return memmem(data, length, word, strlen(word)) != NULL;
}

/* A frame as browsers send it, masked with zeros; short ones only. */
static void say(struct browser *one, int kind, const char *text, size_t length) {
    unsigned char out[140] = {0x80 | kind, 0x80 | length};
    memcpy(out + 6, text, length);
    if (write(one->fd, out, length + 6) < 0 && errno != EPIPE && errno != ECONNRESET) { perror("write"); exit(1); }
}

static void shown(struct browser *one, const unsigned char *data, size_t length) {
    static const char mark[] = "\"call\":{\"id\":\"";
    const unsigned char *id = memmem(data, length, mark, sizeof mark - 1);
    char text[100];
    if (id && id + sizeof mark - 1 + 36 <= data + length)
        say(one, 1, text, snprintf(text, sizeof text, "{\"type\":\"shown\",\"call\":\"%.36s\"}", id + sizeof mark - 1));
}

static void hear(struct browser *one, int kind, const unsigned char *data, size_t length, long long at) {
    if (kind == 9) { say(one, 10, (const char *)data, length); return; }
    int connected = holds(data, length, "\"connected\":true");
    if (holds(data, length, "\"type\":\"snapshot\"")) { printf("snapshot %d %d\n", one->number, connected); return; }
    if (holds(data, length, "\"type\":\"pbx\"")) printf("pbx %d %d\n", one->number, connected);
    int card = holds(data, length, "\"card\":{");
    if (card) shown(one, data, length);
    if (card || (one->watches && holds(data, length, "\"ringing\""))) {
        printf("events %lld %d %zu\n", at, one->number, length);
        fwrite(data, 1, length, stdout);
        putchar('\n');
    }
}

/* The whole frames of what was read; the rest waits for more. */
static void cut(struct browser *one, long long at) {
    unsigned char *data = one->data, *end = data + one->have;
    if (!one->greeted) {
        unsigned char *body = memmem(data, one->have, "\r\n\r\n", 4);
        if (!body) return;
        one->greeted = 1;
        data = body + 4;
        say(one, 1, SUBSCRIBE, sizeof SUBSCRIBE - 1);
    }
    while (end - data >= 2) {
        size_t length = data[1] & 0x7f, head = 2;
        if (length == 126) { head = 4; if (end - data < 4) break; length = data[2] << 8 | data[3]; }
        else if (length == 127) {
            head = 10;
            if (end - data < 10) break;
            length = 0;
            for (int i = 2; i < 10; i++) length = length << 8 | data[i];
        }
        if ((size_t)(end - data) < head + length) break;
        hear(one, data[0] & 0x0f, data + head, length, at);
        data += head + length;
    }
    one->have = end - data;
    memmove(one->data, data, one->have);
}

static int read_some(struct browser *one, long long at) {
    if (one->room - one->have < 65536) one->data = realloc(one->data, one->room += 262144);
    ssize_t got = read(one->fd, one->data + one->have, one->room - one->have);
    if (got <= 0) return 0;
    one->have += got;
    cut(one, at);
    return 1;
}

static void enter(struct browser *one, int port, const char *token) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    one->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(one->fd, (struct sockaddr *)&address, sizeof address)) { perror("connect"); exit(1); }
    char head[512];
    int length = snprintf(head, sizeof head,
        "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Authorization: Bearer %s%d\r\n\r\n", token, one->number);
    if (write(one->fd, head, length) != length) { perror("write"); exit(1); }
}

int main(int argc, char **argv) {
    if (argc != 5) { fprintf(stderr, "browsers PORT COUNT TOKEN WATCHED\n"); return 2; }
    int count = atoi(argv[2]), watched = atoi(argv[4]), queue = epoll_create1(0);
    struct browser *all = calloc(count + 1, sizeof *all);
    for (int i = 0; i < count; i++) {
        all[i].number = i;
        all[i].watches = i % watched == 0;
        enter(&all[i], atoi(argv[1]), argv[3]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(queue, EPOLL_CTL_ADD, all[i].fd, &event);
    }
    all[count].fd = 0;
    struct epoll_event stdin_event = {.events = EPOLLIN, .data.ptr = &all[count]}, events[64];
    epoll_ctl(queue, EPOLL_CTL_ADD, 0, &stdin_event);
    for (;;) {
        int ready = epoll_wait(queue, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            struct browser *one = events[i].data.ptr;
            if (one->fd == 0) return 0; /* whoever started us has what he wanted */
            if (!read_some(one, now())) {
                printf("closed %d\n", one->number);
                epoll_ctl(queue, EPOLL_CTL_DEL, one->fd, NULL);
            }
        }
        fflush(stdout);
    }
}
