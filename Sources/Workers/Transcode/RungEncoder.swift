internal import CAV
internal import MediaWire

/// Encodes the pictures of one segment of one rung to H.264: a closed group that begins with a
/// keyframe, made by an encoder of its own, so that a segment comes out the same whether the work was
/// interrupted before it or not.
@safe
final class RungEncoder {
    private let context: UnsafeMutablePointer<AVCodecContext>
    private let packet: UnsafeMutablePointer<AVPacket>
    private let rate: FrameRate
    private(set) var samples: [Sample] = []
    private var fed: Int64 = 0

    init(_ rung: Rung, plan: LadderPlan, threads: Int, colour: Colour) throws(MediaFailure) {
        rate = plan.frameRate
        guard let codec = unsafe avcodec_find_encoder_by_name("libx264"),
            let context = unsafe avcodec_alloc_context3(codec),
            let packet = unsafe av_packet_alloc()
        else { throw .broken("the installed libav has no libx264") }
        unsafe self.context = context
        unsafe self.packet = packet
        unsafe context.pointee.width = Int32(rung.width)
        unsafe context.pointee.height = Int32(rung.height)
        unsafe context.pointee.pix_fmt = AV_PIX_FMT_YUV420P
        unsafe context.pointee.time_base = AVRational(
            num: Int32(rate.denominator), den: Int32(rate.numerator))
        unsafe context.pointee.framerate = AVRational(
            num: Int32(rate.numerator), den: Int32(rate.denominator))
        unsafe context.pointee.sample_aspect_ratio = AVRational(num: 1, den: 1)
        unsafe context.pointee.gop_size = Int32(plan.framesPerSegment * 2)
        unsafe context.pointee.keyint_min = Int32(plan.framesPerSegment)
        unsafe context.pointee.max_b_frames = 3
        unsafe context.pointee.thread_count = Int32(threads)
        unsafe context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        // As good as the picture needs (crf), but never more than the rung promises (vbv).
        unsafe context.pointee.rc_max_rate = Int64(rung.bitRate)
        unsafe context.pointee.rc_buffer_size = Int32(clamping: rung.bitRate * 2)
        unsafe colour.apply(to: unsafe context)
        let options = unsafe context.pointee.priv_data
        _ = unsafe av_opt_set(options, "preset", "veryfast", 0)
        _ = unsafe av_opt_set(options, "profile", "high", 0)
        _ = unsafe av_opt_set(options, "crf", "23", 0)
        _ = unsafe av_opt_set(options, "x264-params", "scenecut=0:open-gop=0", 0)
        let status = unsafe avcodec_open2(context, codec, nil)
        guard status >= 0 else { throw .broken("cannot start the encoder", code: status) }
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = unsafe context
        unsafe avcodec_free_context(&context)
        var packet: UnsafeMutablePointer<AVPacket>? = unsafe packet
        unsafe av_packet_free(&packet)
    }

    /// The parameter sets, the same for every segment of the rung.
    var parameterSets: [UInt8] {
        guard let data = unsafe context.pointee.extradata else { return [] }
        return unsafe Array(
            UnsafeBufferPointer(start: data, count: Int(context.pointee.extradata_size)))
    }

    /// Takes the next picture.
    func encode(_ picture: Picture) throws(MediaFailure) {
        unsafe picture.frame.pointee.pts = fed
        unsafe picture.frame.pointee.pict_type =
            fed == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
        fed += 1
        try unsafe send(picture.frame)
    }

    /// Takes no more; ``samples`` is complete afterwards.
    func finish() throws(MediaFailure) { unsafe try send(nil) }

    private func send(_ frame: UnsafeMutablePointer<AVFrame>?) throws(MediaFailure) {
        let status = unsafe avcodec_send_frame(context, frame)
        guard status >= 0 || status == cav_eof else {
            throw .broken("encoding failed", code: status)
        }
        while true {
            let received = unsafe avcodec_receive_packet(context, packet)
            if received == cav_again || received == cav_eof { return }
            guard received >= 0 else { throw .broken("encoding failed", code: received) }
            takePacket()
            unsafe av_packet_unref(packet)
        }
    }

    /// Decode times are the running count of frames; what B-frames need goes into the composition
    /// offset, which may be negative.
    private func takePacket() {
        guard let data = unsafe packet.pointee.data else { return }
        let bytes = unsafe Array(
            UnsafeBufferPointer(start: data, count: Int(packet.pointee.size)))
        let shown = unsafe packet.pointee.pts
        let offset = (shown - Int64(samples.count)) * Int64(rate.denominator)
        samples.append(
            Sample(
                duration: UInt32(rate.denominator), compositionOffset: Int32(clamping: offset),
                isSync: unsafe cav_is_key(packet) != 0, bytes: AnnexB.lengthPrefixed(bytes)))
    }
}

/// What the numbers of a picture mean, passed on from the source to the encoder.
struct Colour {
    private let primaries: AVColorPrimaries
    private let transfer: AVColorTransferCharacteristic
    private let matrix: AVColorSpace

    init(of context: UnsafeMutablePointer<AVCodecContext>) {
        unsafe primaries = context.pointee.color_primaries
        unsafe transfer = context.pointee.color_trc
        unsafe matrix = context.pointee.colorspace
    }

    func apply(to context: UnsafeMutablePointer<AVCodecContext>) {
        unsafe context.pointee.color_range = AVCOL_RANGE_MPEG
        unsafe context.pointee.color_primaries = primaries
        unsafe context.pointee.color_trc = transfer
        unsafe context.pointee.colorspace =
            matrix == AVCOL_SPC_RGB ? AVCOL_SPC_BT709 : matrix
    }
}
