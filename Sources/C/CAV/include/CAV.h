#pragma once
// libav, bound by name when a worker asks for it, so that the serving process never loads it.

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

// Loads the libraries; returns NULL, or what is missing. Before it nothing of libav may be called.
const char *cav_load(void);

// What the importer cannot see as values.
static const int64_t cav_no_time = AV_NOPTS_VALUE;
static const int cav_eof = AVERROR_EOF;
static const int cav_again = AVERROR(EAGAIN);
static const int cav_not_permitted = AVERROR(EPERM);
static const int cav_io_error = AVERROR(EIO);
static const int cav_custom_io = AVFMT_FLAG_CUSTOM_IO;

// The fields behind macros and unions.
static inline int cav_refuse_open(AVFormatContext *context, AVIOContext **io, const char *url, int flags, AVDictionary **options) {
    (void)context, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}
static inline void cav_refuse_opens(AVFormatContext *context) { context->io_open = cav_refuse_open; }
static inline int cav_is_attached_picture(const AVStream *stream) {
    return (stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) != 0;
}
static inline int cav_is_key(const AVPacket *packet) { return (packet->flags & AV_PKT_FLAG_KEY) != 0; }
static inline int cav_is_eight_bit_420(int format) { return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P; }
