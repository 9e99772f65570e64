internal import Base
internal import CAV
internal import Glibc

/// A media file behind a descriptor, as libav sees it: bytes, and never a name.
///
/// Only the listed demuxers may look at it, no protocol is allowed and every attempt to open
/// something else is refused, so a playlist or a concat script that calls itself `.mp4` opens nothing.
@safe
final class MediaFile {
    let context: UnsafeMutablePointer<AVFormatContext>
    private let io: MediaInput
    private let packet: UnsafeMutablePointer<AVPacket>

    private static let demuxers = [
        "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "avi", "flv", "ogg", "wav", "mp3",
        "aac", "flac", "mpeg", "asf", "mxf",
    ].joined(separator: ",")
    private static let streamsMax = 64

    /// Opens and reads as much as it takes to know the streams.
    init(_ descriptor: consuming Descriptor) throws(MediaFailure) {
        io = try MediaInput(descriptor)
        guard let packet = unsafe av_packet_alloc(),
            let context = unsafe avformat_alloc_context()
        else { throw .broken("out of memory") }
        unsafe self.packet = packet
        unsafe context.pointee.pb = unsafe io.context
        unsafe context.pointee.flags |= cav_custom_io
        unsafe context.pointee.max_streams = Int32(Self.streamsMax)
        unsafe context.pointee.probesize = 8 << 20
        unsafe context.pointee.max_analyze_duration = 10_000_000
        unsafe cav_refuse_opens(context)
        _ = unsafe av_opt_set(context, "format_whitelist", Self.demuxers, 0)
        _ = unsafe av_opt_set(context, "protocol_whitelist", "", 0)
        var opened: UnsafeMutablePointer<AVFormatContext>? = unsafe context
        let status = unsafe avformat_open_input(&opened, nil, nil, nil)
        // On failure libav has freed the context.
        guard status >= 0, let opened = unsafe opened else {
            throw .unusable("This is not a video or audio file that we know.")
        }
        unsafe self.context = opened
        guard unsafe avformat_find_stream_info(opened, nil) >= 0,
            unsafe opened.pointee.nb_streams > 0
        else { throw .unusable("The file holds no streams that can be read.") }
    }

    deinit {
        var context: UnsafeMutablePointer<AVFormatContext>? = unsafe context
        unsafe avformat_close_input(&context)
        var packet: UnsafeMutablePointer<AVPacket>? = unsafe packet
        unsafe av_packet_free(&packet)
    }

    /// How many streams there are.
    var streamCount: Int {
        min(Self.streamsMax, Int(unsafe context.pointee.nb_streams))
    }

    /// The stream of that index.
    func stream(_ index: Int) -> UnsafeMutablePointer<AVStream>? {
        guard index >= 0, index < streamCount else { return nil }
        return unsafe context.pointee.streams[index]
    }

    /// The first stream of a kind, the default one before others. A cover is no film.
    func bestStream(_ type: AVMediaType) -> Int? {
        let candidates = (0..<streamCount).filter { index in
            guard let stream = unsafe stream(index),
                let parameters = unsafe stream.pointee.codecpar
            else { return false }
            guard unsafe parameters.pointee.codec_type == type,
                unsafe avcodec_find_decoder(parameters.pointee.codec_id) != nil
            else { return false }
            return unsafe type != AVMEDIA_TYPE_VIDEO || cav_is_attached_picture(stream) == 0
        }
        return candidates.first { index in
            guard let stream = unsafe stream(index) else { return false }
            return unsafe stream.pointee.disposition & AV_DISPOSITION_DEFAULT != 0
        } ?? candidates.first
    }

    /// Where its time begins, in seconds.
    var startSeconds: Double {
        let start = unsafe context.pointee.start_time
        return start == cav_no_time ? 0 : Double(start) / Double(AV_TIME_BASE)
    }

    /// How long it claims to be; nil when it does not say.
    var durationSeconds: Double? {
        let duration = unsafe context.pointee.duration
        guard duration != cav_no_time, duration > 0 else { return nil }
        return Double(duration) / Double(AV_TIME_BASE)
    }

    /// Gives each packet to `body` until that returns false, or the file ends. Damage in the middle is
    /// the end, as far as we can know.
    func forEachPacket(
        _ body: (UnsafeMutablePointer<AVPacket>) throws(MediaFailure) -> Bool
    ) throws(MediaFailure) {
        while true {
            let status = unsafe av_read_frame(context, packet)
            if status == cav_again { continue }
            if status < 0 { return }
            defer { unsafe av_packet_unref(packet) }
            guard try unsafe body(packet) else { return }
        }
    }

    /// Goes to the last keyframe at or before `seconds` on the file's own clock.
    ///
    /// - Returns: False when it cannot; the position is then not known.
    func seek(to seconds: Double, stream: Int) -> Bool {
        guard let timed = unsafe self.stream(stream) else { return false }
        let base = unsafe timed.pointee.time_base
        guard base.num > 0, base.den > 0 else { return false }
        let target = Int64(seconds * Double(base.den) / Double(base.num))
        return unsafe avformat_seek_file(context, Int32(stream), .min, target, target, 0) >= 0
    }

    /// The value of a tag, bounded.
    static func tag(_ dictionary: OpaquePointer?, _ name: String) -> String? {
        guard let entry = unsafe av_dict_get(dictionary, name, nil, 0),
            let value = unsafe entry.pointee.value
        else { return nil }
        return unsafe String(String(cString: value).prefix(200))
    }
}

/// Reads a descriptor for libav by position.
@safe
final class MediaInput {
    private let descriptor: Descriptor
    private let size: Int64
    private var position: Int64 = 0
    private(set) var context: UnsafeMutablePointer<AVIOContext>?

    init(_ descriptor: consuming Descriptor) throws(MediaFailure) {
        let end = lseek(descriptor.number, 0, Int32(SEEK_END))
        self.descriptor = descriptor
        size = Int64(end)
        guard end > 0 else { throw .unusable("The file is empty.") }
        let bufferSize: Int32 = 65_536
        guard let buffer = unsafe av_malloc(Int(bufferSize)) else {
            throw .broken("out of memory")
        }
        let opaque = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe context = avio_alloc_context(
            buffer.assumingMemoryBound(to: UInt8.self), bufferSize, 0, opaque,
            { opaque, buffer, count in
                guard let opaque = unsafe opaque, let buffer = unsafe buffer else { return cav_eof }
                // Safe because: the input outlives the context that it owns.
                return unsafe Unmanaged<MediaInput>.fromOpaque(opaque).takeUnretainedValue()
                    .read(buffer, count)
            }, nil,
            { opaque, offset, whence in
                guard let opaque = unsafe opaque else { return -1 }
                return unsafe Unmanaged<MediaInput>.fromOpaque(opaque).takeUnretainedValue()
                    .seek(offset, whence)
            })
        guard unsafe context != nil else { throw .broken("out of memory") }
    }

    private func read(_ buffer: UnsafeMutablePointer<UInt8>, _ count: Int32) -> Int32 {
        while true {
            let result = unsafe pread(descriptor.number, buffer, Int(count), Int(position))
            if result > 0 {
                position += Int64(result)
                return Int32(result)
            }
            if result == 0 { return cav_eof }
            if errno != EINTR { return cav_io_error }
        }
    }

    private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        switch whence & ~AVSEEK_FORCE {
        case AVSEEK_SIZE: return size
        case SEEK_SET: position = offset
        case SEEK_CUR: position += offset
        case SEEK_END: position = size + offset
        default: return -1
        }
        if position < 0 { position = 0 }
        return position
    }

    deinit {
        if let context = unsafe context {
            unsafe av_freep(&context.pointee.buffer)
        }
        unsafe avio_context_free(&context)
    }
}
