/* Stands for NVIDIA's driver library: memory is host memory, and a stream does at once
   what it is asked, unless it is being recorded. Each call of note goes to the file
   that STUB_LOG names; STUB_FAIL names a function that fails with STUB_ERROR. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long long u64;

void stub_note(const char *format, ...) {
    const char *path = getenv("STUB_LOG");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file) return;
    va_list rest;
    va_start(rest, format);
    vfprintf(file, format, rest);
    va_end(rest);
    fputc('\n', file);
    fclose(file);
}

int stub_fails(const char *name) {
    const char *wanted = getenv("STUB_FAIL");
    return wanted && !strcmp(wanted, name);
}

static int number(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

static int told(const char *name) {
    stub_note("%s", name);
    return stub_fails(name) ? number("STUB_ERROR", 999) : 0;
}
#define TELL if (told(__func__)) return told(__func__)

typedef struct { void (*run)(void *, void *, u64); void *a, *b; u64 n; } Act;
typedef struct { Act acts[64]; int count; } Graph;
typedef struct { Graph *recording; } Stream;
typedef struct { u64 ns; } Event;

static void do_copy(void *to, void *from, u64 n) { memcpy(to, from, n); }

void stub_act(Stream *stream, void (*run)(void *, void *, u64), void *a, void *b, u64 n) {
    Act act = {run, a, b, n};
    if (stream->recording) stream->recording->acts[stream->recording->count++] = act;
    else run(a, b, n);
}

static long taken = 0;
static u64 free_bytes = 8ull << 30;

int cuGetProcAddress(const char *name, void **out, int version, u64 flags, int *status) {
    void *self = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    *out = self ? dlsym(self, name) : NULL;
    if (status) *status = *out ? 0 : 1;
    return *out ? 0 : 500; /* CUDA_ERROR_NOT_FOUND */
}
int cuGetProcAddress_v2(const char *name, void **out, int version, u64 flags, int *st) {
    return cuGetProcAddress(name, out, version, flags, st);
}
int cuInit(unsigned flags) {
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    stub_note("visible %s", visible ? visible : "all");
    if (visible && !strcmp(visible, "9")) return 100; /* CUDA_ERROR_NO_DEVICE */
    TELL;
    return 0;
}
int cuDriverGetVersion(int *out) { *out = 12060; return 0; }
int cuDeviceGet(int *out, int index) { TELL; *out = index; return 0; }
int cuDeviceGetName(char *out, int size, int device) {
    snprintf(out, size, "Stand-in GPU");
    return 0;
}
int cuDeviceGetUuid(unsigned char *out, int device) {
    for (int i = 0; i < 16; i++) out[i] = i;
    return 0;
}
int cuDeviceGetAttribute(int *out, int attribute, int device) {
    int capability = number("STUB_CAPABILITY", 90);
    if (attribute == 75) *out = capability / 10;
    else if (attribute == 76) *out = capability % 10;
    else if (attribute == 18) *out = number("STUB_INTEGRATED", 0);
    else return 1;
    return 0;
}
int cuDevicePrimaryCtxRetain(void **out, int device) { TELL; *out = &taken; return 0; }
int cuCtxSetCurrent(void *context) { TELL; return 0; }
int cuGetErrorString(int code, const char **out) { *out = "the stand-in says no"; return 0; }
int cuMemGetInfo(u64 *free_out, u64 *total) {
    *free_out = free_bytes;
    *total = 8ull << 30;
    return 0;
}
int cuMemAlloc(u64 *out, u64 size) {
    TELL;
    *out = (u64) malloc(size);
    free_bytes -= 1 << 20;
    stub_note("taken %ld", ++taken);
    return 0;
}
int cuMemFree(u64 at) { TELL; free((void *) at); stub_note("taken %ld", --taken); return 0; }
int cuMemHostAlloc(void **out, u64 size, unsigned flags) {
    TELL;
    *out = calloc(1, size);
    stub_note("taken %ld", ++taken);
    return 0;
}
int cuMemFreeHost(void *at) { TELL; free(at); stub_note("taken %ld", --taken); return 0; }
int cuMemcpyHtoDAsync(u64 to, void *from, u64 n, Stream *stream) {
    TELL;
    stub_act(stream, do_copy, (void *) to, from, n);
    return 0;
}
int cuMemcpyDtoHAsync(void *to, u64 from, u64 n, Stream *stream) {
    TELL;
    stub_act(stream, do_copy, to, (void *) from, n);
    return 0;
}
int cuStreamCreate(Stream **out, unsigned flags) {
    TELL;
    stub_note("stream flags %u", flags);
    *out = calloc(1, sizeof **out);
    stub_note("taken %ld", ++taken);
    return 0;
}
int cuStreamDestroy(Stream *stream) {
    TELL;
    free(stream);
    stub_note("taken %ld", --taken);
    return 0;
}
int cuStreamSynchronize(Stream *stream) { TELL; usleep(50); return 0; }
int cuStreamBeginCapture(Stream *stream, int mode) {
    TELL;
    stub_note("capture mode %d", mode);
    stream->recording = calloc(1, sizeof(Graph));
    return 0;
}
int cuStreamEndCapture(Stream *stream, Graph **out) {
    TELL;
    *out = stream->recording;
    stream->recording = NULL;
    return 0;
}
int cuGraphInstantiateWithFlags(Graph **out, Graph *graph, u64 flags) {
    TELL;
    *out = malloc(sizeof **out);
    **out = *graph;
    stub_note("taken %ld", ++taken);
    return 0;
}
int cuGraphDestroy(Graph *graph) { TELL; free(graph); return 0; }
int cuGraphExecDestroy(Graph *graph) {
    TELL;
    free(graph);
    stub_note("taken %ld", --taken);
    return 0;
}
int cuGraphLaunch(Graph *graph, Stream *stream) {
    TELL;
    for (int i = 0; i < graph->count; i++) {
        Act *act = &graph->acts[i];
        act->run(act->a, act->b, act->n);
    }
    return 0;
}
int cuEventCreate(Event **out, unsigned flags) {
    TELL;
    *out = malloc(sizeof **out);
    stub_note("taken %ld", ++taken);
    return 0;
}
int cuEventDestroy(Event *event) {
    TELL;
    free(event);
    stub_note("taken %ld", --taken);
    return 0;
}
int cuEventRecord(Event *event, Stream *stream) {
    TELL;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    event->ns = now.tv_sec * 1000000000ull + now.tv_nsec;
    return 0;
}
int cuEventSynchronize(Event *event) { TELL; return 0; }
int cuEventElapsedTime(float *out, Event *before, Event *after) {
    TELL;
    *out = (after->ns - before->ns) / 1e6f;
    return 0;
}
