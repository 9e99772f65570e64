internal import CAV

/// Decodes one stream of a file.
@safe
final class Decoder {
    let context: UnsafeMutablePointer<AVCodecContext>
    let streamIndex: Int
    private let timeBase: AVRational
    private let frame: UnsafeMutablePointer<AVFrame>
    /// Where the file's time begins, in seconds.
    private let origin: Double

    private static let pixelsMax: Int64 = 8192 * 4608

    init(_ file: MediaFile, stream index: Int, threads: Int32) throws(MediaFailure) {
        guard let stream = unsafe file.stream(index),
            let parameters = unsafe stream.pointee.codecpar,
            let codec = unsafe avcodec_find_decoder(parameters.pointee.codec_id),
            let context = unsafe avcodec_alloc_context3(codec),
            let frame = unsafe av_frame_alloc()
        else { throw .unusable("The file uses a codec that we cannot read.") }
        unsafe self.context = context
        unsafe self.frame = frame
        streamIndex = index
        unsafe timeBase = stream.pointee.time_base
        origin = file.startSeconds
        guard unsafe avcodec_parameters_to_context(context, parameters) >= 0 else {
            throw .unusable("The file describes its streams wrongly.")
        }
        unsafe context.pointee.thread_count = threads
        unsafe context.pointee.pkt_timebase = timeBase
        unsafe context.pointee.max_pixels = Self.pixelsMax
        guard unsafe avcodec_open2(context, codec, nil) >= 0 else {
            throw .unusable("The file uses a codec in a way that we cannot read.")
        }
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = unsafe context
        unsafe avcodec_free_context(&context)
        var frame: UnsafeMutablePointer<AVFrame>? = unsafe frame
        unsafe av_frame_free(&frame)
    }

    /// Forgets what it has, after a seek.
    func flush() { unsafe avcodec_flush_buffers(context) }

    /// Decodes a packet, nil at the end of the file, and gives each frame with its time in seconds from
    /// the file's beginning; the time is nil where the file has none. Damaged packets are passed over.
    ///
    /// - Returns: False when `body` wants no more.
    func decode(
        _ packet: UnsafeMutablePointer<AVPacket>?,
        _ body: (UnsafeMutablePointer<AVFrame>, Double?) throws(MediaFailure) -> Bool
    ) throws(MediaFailure) -> Bool {
        var status = unsafe avcodec_send_packet(context, packet)
        // The decoder must be emptied first; that cannot happen when it always is.
        if status == cav_again { status = 0 }
        while true {
            let received = unsafe avcodec_receive_frame(context, frame)
            if received < 0 { return true }
            defer { unsafe av_frame_unref(frame) }
            let stamp = unsafe frame.pointee.best_effort_timestamp
            let seconds =
                stamp == cav_no_time
                ? nil : Double(stamp) * Double(timeBase.num) / Double(timeBase.den) - origin
            guard try unsafe body(frame, seconds) else { return false }
        }
    }
}
