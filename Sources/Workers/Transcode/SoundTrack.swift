internal import CAV
internal import MediaWire

/// Turns the sound of a film into AAC frames on the film's own clock, and those into segments.
///
/// Frame `n` holds the samples from `1024 n` on, counted from the film's beginning: gaps are filled
/// with silence and overlaps dropped, so that sound stays with the pictures.
@safe
final class SoundTrack {
    static let sampleRate = 48_000
    static let frameSize = 1024
    /// Further off than this, and it is put right: 30 ms.
    private static let driftMax = 1440
    private static let gapMax = sampleRate * 60

    let channels: Int
    let bitRate: Int
    private let segmentSeconds: Double
    private let encoder: UnsafeMutablePointer<AVCodecContext>
    private let packet: UnsafeMutablePointer<AVPacket>
    private let frame: UnsafeMutablePointer<AVFrame>
    private var resampler: OpaquePointer?
    private var resamplerRate: Int32 = 0
    private var resamplerFormat: Int32 = -1
    private var resamplerChannels: Int32 = 0
    /// Samples not yet encoded, one array for each channel.
    private var waiting: [[Float]]
    /// The film's sample that `waiting` begins with.
    private var position: Int
    private var nextFrame: Int
    private let firstFrame: Int
    private var segment: Int
    private var samples: [Sample] = []
    private let emit: (Int, [Sample], Int) throws(MediaFailure) -> Void

    /// - Parameters:
    ///   - firstSegment: Where to begin.
    ///   - emit: Takes each whole segment: number, samples, and its first frame's number.
    init(
        sourceChannels: Int, segmentSeconds: Double, firstSegment: Int,
        emit: @escaping (Int, [Sample], Int) throws(MediaFailure) -> Void
    ) throws(MediaFailure) {
        channels = sourceChannels == 1 ? 1 : 2
        bitRate = channels == 1 ? 80_000 : 128_000
        self.segmentSeconds = segmentSeconds
        self.emit = emit
        segment = firstSegment
        firstFrame = Self.firstFrame(of: firstSegment, segmentSeconds)
        // Two frames more, so that the encoder is in swing at the first one that counts.
        nextFrame = max(0, firstFrame - 2)
        position = nextFrame * Self.frameSize
        waiting = Array(repeating: [], count: channels)
        guard let codec = unsafe avcodec_find_encoder_by_name("aac"),
            let encoder = unsafe avcodec_alloc_context3(codec),
            let packet = unsafe av_packet_alloc(), let frame = unsafe av_frame_alloc()
        else { throw .broken("the installed libav has no AAC encoder") }
        unsafe self.encoder = encoder
        unsafe self.packet = packet
        unsafe self.frame = frame
        unsafe encoder.pointee.sample_rate = Int32(Self.sampleRate)
        unsafe encoder.pointee.sample_fmt = AV_SAMPLE_FMT_FLTP
        unsafe encoder.pointee.bit_rate = Int64(bitRate)
        unsafe encoder.pointee.time_base = AVRational(num: 1, den: Int32(Self.sampleRate))
        unsafe encoder.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        unsafe av_channel_layout_default(&encoder.pointee.ch_layout, Int32(channels))
        let status = unsafe avcodec_open2(encoder, codec, nil)
        guard status >= 0 else { throw .broken("cannot start the AAC encoder", code: status) }
    }

    deinit {
        var encoder: UnsafeMutablePointer<AVCodecContext>? = unsafe encoder
        unsafe avcodec_free_context(&encoder)
        var packet: UnsafeMutablePointer<AVPacket>? = unsafe packet
        unsafe av_packet_free(&packet)
        var frame: UnsafeMutablePointer<AVFrame>? = unsafe frame
        unsafe av_frame_free(&frame)
        unsafe swr_free(&resampler)
    }

    /// The first frame of a segment: the one that begins at or after the segment does.
    private static func firstFrame(of segment: Int, _ segmentSeconds: Double) -> Int {
        let samples = Double(segment) * segmentSeconds * Double(sampleRate)
        return Int((samples / Double(frameSize) - 1e-6).rounded(.up))
    }

    /// What a player must know of it.
    var description: TrackDescription {
        var config: [UInt8] = []
        if let data = unsafe encoder.pointee.extradata {
            config = unsafe Array(
                UnsafeBufferPointer(start: data, count: Int(encoder.pointee.extradata_size)))
        }
        // What follows the first two bytes is a hint that older players trip over.
        return TrackDescription(
            format: .aac(
                config: Array(config.prefix(2)), channels: channels,
                sampleRate: Self.sampleRate, bitRate: bitRate),
            timescale: UInt32(Self.sampleRate))
    }

    /// Takes decoded sound that begins at `seconds` of the film.
    func take(
        _ source: UnsafeMutablePointer<AVFrame>, at seconds: Double?
    ) throws(MediaFailure) {
        try unsafe prepareResampler(for: source)
        var converted = try unsafe convert(source)
        guard let count = converted.first?.count, count > 0 else { return }
        let end = position + waiting[0].count
        if let seconds, seconds.isFinite {
            let drift = Int((seconds * Double(Self.sampleRate)).rounded()) - end
            if drift > Self.driftMax, drift < Self.gapMax {
                for channel in 0..<channels {
                    waiting[channel] += repeatElement(0, count: drift)
                }
            } else if drift < -Self.driftMax {
                let dropped = min(count, -drift)
                for channel in 0..<channels { converted[channel].removeFirst(dropped) }
            }
        }
        for channel in 0..<channels { waiting[channel] += converted[channel] }
        try encodeWhole()
    }

    private func prepareResampler(
        for source: UnsafeMutablePointer<AVFrame>
    ) throws(MediaFailure) {
        let rate = unsafe source.pointee.sample_rate
        let format = unsafe source.pointee.format
        let count = unsafe source.pointee.ch_layout.nb_channels
        if unsafe resampler != nil, rate == resamplerRate, format == resamplerFormat,
            count == resamplerChannels
        {
            return
        }
        unsafe swr_free(&resampler)
        var layout = unsafe AVChannelLayout()
        // A layout without an order is as many speakers as it says.
        if unsafe source.pointee.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
            unsafe av_channel_layout_default(&layout, count)
        } else {
            _ = unsafe av_channel_layout_copy(&layout, &source.pointee.ch_layout)
        }
        defer { unsafe av_channel_layout_uninit(&layout) }
        let status = unsafe swr_alloc_set_opts2(
            &resampler, &encoder.pointee.ch_layout, AV_SAMPLE_FMT_FLTP, Int32(Self.sampleRate),
            &layout, AVSampleFormat(format), rate, 0, nil)
        guard status >= 0, unsafe swr_init(resampler) >= 0 else {
            throw .unusable("The sound is of a kind that we cannot convert.")
        }
        resamplerRate = rate
        resamplerFormat = format
        resamplerChannels = count
    }

    private func convert(
        _ source: UnsafeMutablePointer<AVFrame>
    ) throws(MediaFailure) -> [[Float]] {
        let room = Int(unsafe swr_get_out_samples(resampler, source.pointee.nb_samples))
        guard room >= 0, room < Self.sampleRate * 60 else {
            throw .unusable("The sound is of a kind that we cannot convert.")
        }
        var out = [Float](repeating: 0, count: max(1, room) * channels)
        let channels = channels
        let count = unsafe out.withUnsafeMutableBytes { bytes in
            var planes: [UnsafeMutablePointer<UInt8>?] = unsafe (0..<channels).map { channel in
                unsafe bytes.baseAddress?.advanced(by: channel * room * 4)
                    .assumingMemoryBound(to: UInt8.self)
            }
            return unsafe source.pointee.extended_data.withMemoryRebound(
                to: UnsafePointer<UInt8>?.self, capacity: 8
            ) { input in
                unsafe swr_convert(
                    resampler, &planes, Int32(room), input, source.pointee.nb_samples)
            }
        }
        guard count >= 0 else { throw .broken("resampling failed", code: count) }
        return (0..<channels).map { Array(out[($0 * room)..<($0 * room + Int(count))]) }
    }

    /// Encodes as many whole frames as there are.
    private func encodeWhole() throws(MediaFailure) {
        let begin = nextFrame * Self.frameSize
        if position < begin {
            let dropped = min(begin - position, waiting[0].count)
            for channel in 0..<channels { waiting[channel].removeFirst(dropped) }
            position += dropped
        }
        var used = 0
        while waiting[0].count - used >= Self.frameSize, position + used >= begin {
            try encodeFrame(from: used)
            used += Self.frameSize
        }
        if used > 0 {
            for channel in 0..<channels { waiting[channel].removeFirst(used) }
            position += used
        }
    }

    private func encodeFrame(from start: Int) throws(MediaFailure) {
        unsafe av_frame_unref(frame)
        unsafe frame.pointee.nb_samples = Int32(Self.frameSize)
        unsafe frame.pointee.format = AV_SAMPLE_FMT_FLTP.rawValue
        unsafe frame.pointee.sample_rate = Int32(Self.sampleRate)
        _ = unsafe av_channel_layout_copy(&frame.pointee.ch_layout, &encoder.pointee.ch_layout)
        guard unsafe av_frame_get_buffer(frame, 0) >= 0 else { throw .broken("out of memory") }
        for channel in 0..<channels {
            guard let plane = unsafe frame.pointee.extended_data[channel] else { continue }
            let slice = waiting[channel][start..<(start + Self.frameSize)]
            unsafe slice.withUnsafeBytes { bytes in
                // Safe because: the frame was made for 1024 floats a channel.
                unsafe UnsafeMutableRawPointer(plane).copyMemory(
                    from: bytes.baseAddress ?? UnsafeRawPointer(plane), byteCount: bytes.count)
            }
        }
        unsafe frame.pointee.pts = Int64(nextFrame * Self.frameSize)
        nextFrame += 1
        try unsafe send(frame)
    }

    private func send(_ frame: UnsafeMutablePointer<AVFrame>?) throws(MediaFailure) {
        let status = unsafe avcodec_send_frame(encoder, frame)
        guard status >= 0 || status == cav_eof else {
            throw .broken("encoding sound failed", code: status)
        }
        while true {
            let received = unsafe avcodec_receive_packet(encoder, packet)
            if received == cav_again || received == cav_eof { return }
            guard received >= 0 else { throw .broken("encoding sound failed", code: received) }
            try takePacket()
            unsafe av_packet_unref(packet)
        }
    }

    private func takePacket() throws(MediaFailure) {
        guard let data = unsafe packet.pointee.data else { return }
        let number = Int(unsafe packet.pointee.pts) / Self.frameSize
        guard unsafe packet.pointee.pts >= 0, number >= firstFrame else { return }
        let next = Self.firstFrame(of: segment + 1, segmentSeconds)
        if number >= next {
            try cut()
        }
        samples.append(
            Sample(
                duration: UInt32(Self.frameSize), compositionOffset: 0, isSync: true,
                bytes: unsafe Array(
                    UnsafeBufferPointer(start: data, count: Int(packet.pointee.size)))))
    }

    private func cut() throws(MediaFailure) {
        let whole = samples
        samples = []
        if !whole.isEmpty {
            try emit(segment, whole, Self.firstFrame(of: segment, segmentSeconds))
        }
        segment += 1
    }

    /// The sound is over: what is left goes out, the last frame filled with silence.
    func finish() throws(MediaFailure) {
        let rest = waiting[0].count % Self.frameSize
        if rest > 0 {
            for channel in 0..<channels {
                waiting[channel] += repeatElement(0, count: Self.frameSize - rest)
            }
        }
        try encodeWhole()
        unsafe try send(nil)
        try cut()
    }
}
