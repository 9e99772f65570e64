#define _GNU_SOURCE
#include "CAV.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Every function of libav that Swift calls. Each becomes a jump through a pointer, filled in by cav_load.
#define UTIL(X) \
    X(av_malloc) X(av_free) X(av_freep) X(av_frame_alloc) X(av_frame_free) X(av_frame_unref) \
    X(av_frame_get_buffer) X(av_frame_move_ref) X(av_frame_ref) X(av_frame_copy_props) X(av_strerror) X(av_opt_set) \
    X(av_opt_set_int) X(av_dict_set) X(av_dict_get) X(av_dict_free) X(av_log_set_level) \
    X(av_channel_layout_default) X(av_channel_layout_copy) X(av_channel_layout_uninit) \
    X(av_display_rotation_get) X(av_pix_fmt_desc_get) X(av_get_bytes_per_sample) X(av_frame_get_side_data)
#define CODEC(X) \
    X(avcodec_find_decoder) X(avcodec_find_encoder_by_name) X(avcodec_alloc_context3) \
    X(avcodec_free_context) X(avcodec_open2) X(avcodec_send_packet) X(avcodec_receive_frame) \
    X(avcodec_send_frame) X(avcodec_receive_packet) X(avcodec_parameters_to_context) \
    X(avcodec_flush_buffers) X(av_packet_alloc) X(av_packet_free) X(av_packet_unref) \
    X(avcodec_get_name) X(avcodec_decode_subtitle2) X(avsubtitle_free)
#define FORMAT(X) \
    X(avformat_alloc_context) X(avformat_open_input) X(avformat_find_stream_info) \
    X(avformat_close_input) X(av_read_frame) X(avformat_seek_file) X(avio_alloc_context) \
    X(avio_context_free) X(av_stream_get_side_data) X(avformat_free_context)
#define SCALE(X) X(sws_getContext) X(sws_scale) X(sws_freeContext) X(sws_setColorspaceDetails) X(sws_getCoefficients)
#define RESAMPLE(X) X(swr_alloc_set_opts2) X(swr_init) X(swr_convert) X(swr_free) X(swr_get_out_samples)

static void not_loaded(void) {
    static const char words[] = "libav was called before it was loaded\n";
    if (write(2, words, sizeof words - 1) < 0) _exit(70);
    abort();
}

#if defined(__x86_64__)
#define JUMP(name) #name ":\n\tjmp *cav_at_" #name "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(name) #name ":\n\tadrp x16, cav_at_" #name "\n\tldr x16, [x16, :lo12:cav_at_" #name "]\n\tbr x16\n"
#endif

#define STUB(name) \
    __attribute__((visibility("hidden"), used)) void *cav_at_##name = (void *)not_loaded; \
    __asm__(".text\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" JUMP(name));

UTIL(STUB)
CODEC(STUB)
FORMAT(STUB)
SCALE(STUB)
RESAMPLE(STUB)

static char complaint[256];

static int bind(void *library, const char *name, void **where) {
    *where = dlsym(library, name);
    if (*where) return 1;
    snprintf(complaint, sizeof complaint, "%s is not in the installed libav", name);
    return 0;
}

static void *load(const char *file) {
    void *library = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
    if (!library) snprintf(complaint, sizeof complaint, "%s", dlerror());
    return library;
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define BIND(name) \
    if (!bind(library, #name, &cav_at_##name)) return complaint;
#define LIBRARY(file, list) \
    do { \
        void *library = load(file); \
        if (!library) return complaint; \
        list(BIND) \
    } while (0)

const char *cav_load(void) {
    LIBRARY("libavutil.so." TEXT(LIBAVUTIL_VERSION_MAJOR), UTIL);
    LIBRARY("libavcodec.so." TEXT(LIBAVCODEC_VERSION_MAJOR), CODEC);
    LIBRARY("libavformat.so." TEXT(LIBAVFORMAT_VERSION_MAJOR), FORMAT);
    LIBRARY("libswscale.so." TEXT(LIBSWSCALE_VERSION_MAJOR), SCALE);
    LIBRARY("libswresample.so." TEXT(LIBSWRESAMPLE_VERSION_MAJOR), RESAMPLE);
    return NULL;
}
