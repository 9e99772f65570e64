internal import Base
internal import CAV

/// Still pictures of a film: a thumbnail and the sheets of a storyboard, as JPEG.
@safe
final class StillPictures {
    private let file: MediaFile
    private let decoder: Decoder
    private let quarters: Int
    private let facts: PictureFacts

    init(_ file: MediaFile) throws(MediaFailure) {
        guard let index = file.bestStream(AVMEDIA_TYPE_VIDEO),
            let stream = unsafe file.stream(index)
        else { throw .unusable("The file holds no pictures.") }
        self.file = file
        decoder = try Decoder(file, stream: index, threads: 1)
        quarters = unsafe Rotation.quarters(of: unsafe stream)
        facts = try Probe.pictureFacts(file, index, frameRateMax: 60)
    }

    private static let candidatesMax = 12

    /// The most telling of the pictures from `second` on, at most `width` wide.
    func thumbnail(second: Double, width: Int) throws(MediaFailure) -> Bytes {
        let target = min(width, facts.width) & ~1
        let height = max(2, Int(Double(target) * Double(facts.height) / Double(facts.width)) & ~1)
        let picture = try upright(width: target, height: height)
        let best = try upright(width: target, height: height)
        var bestScore = -1.0
        var seen = 0
        unsafe try frames(from: second) { (frame) throws(MediaFailure) in
            try unsafe picture.take(frame)
            let score = picture.result.contrast
            if score > bestScore {
                bestScore = score
                try unsafe best.take(frame)
            }
            seen += 1
            return seen < Self.candidatesMax
        }
        guard bestScore >= 0 else { throw .unusable("No picture can be read from the file.") }
        return try JPEG.encode(best.result)
    }

    /// The sheets, each of columns × rows tiles, given to `emit` one by one.
    func storyboard(
        _ layout: StoryboardLayout, emit: (Bytes) throws(MediaFailure) -> Void
    ) throws(MediaFailure) {
        let perSheet = layout.columns * layout.rows
        let tile = try upright(width: layout.tileWidth, height: layout.tileHeight)
        var number = 0
        while number < layout.tiles {
            let count = min(perSheet, layout.tiles - number)
            let rows = (count + layout.columns - 1) / layout.columns
            let sheet = try Picture(
                width: layout.tileWidth * layout.columns, height: layout.tileHeight * rows,
                format: AV_PIX_FMT_YUVJ420P)
            sheet.blacken()
            for place in 0..<count {
                // The middle of the stretch that the tile stands for.
                let second = (Double(number + place) + 0.5) * layout.intervalSeconds
                unsafe try frames(from: second) { (frame) throws(MediaFailure) in
                    try unsafe tile.take(frame)
                    return false
                }
                sheet.paste(
                    tile.result, x: place % layout.columns * layout.tileWidth,
                    y: place / layout.columns * layout.tileHeight)
            }
            try emit(try JPEG.encode(sheet))
            number += count
        }
    }

    private func upright(width: Int, height: Int) throws(MediaFailure) -> UprightPicture {
        try UprightPicture(width: width, height: height, quarters: quarters)
    }

    /// Gives the pictures from the keyframe before `second` on, until `body` has enough.
    private func frames(
        from second: Double, _ body: (UnsafeMutablePointer<AVFrame>) throws(MediaFailure) -> Bool
    ) throws(MediaFailure) {
        _ = file.seek(to: file.startSeconds + max(0, second), stream: decoder.streamIndex)
        decoder.flush()
        var isWanted = true
        unsafe try file.forEachPacket { (packet) throws(MediaFailure) in
            guard Int(unsafe packet.pointee.stream_index) == decoder.streamIndex else {
                return true
            }
            isWanted = try unsafe decoder.decode(packet) { (frame, _) throws(MediaFailure) in
                try unsafe body(frame)
            }
            return isWanted
        }
        if isWanted {
            _ = unsafe try decoder.decode(nil) { (frame, _) throws(MediaFailure) in
                try unsafe body(frame)
            }
        }
    }
}

/// A picture of a wanted size that frames are scaled and turned into.
private final class UprightPicture {
    let result: Picture
    private let scaler: Scaler
    private let flat: Picture?
    private let quarters: Int

    init(width: Int, height: Int, quarters: Int) throws(MediaFailure) {
        self.quarters = quarters
        result = try Picture(width: width, height: height, format: AV_PIX_FMT_YUVJ420P)
        let isSwapped = quarters % 2 == 1
        scaler = Scaler(
            width: isSwapped ? height : width, height: isSwapped ? width : height,
            format: AV_PIX_FMT_YUVJ420P)
        flat =
            quarters == 0
            ? nil
            : try Picture(
                width: isSwapped ? height : width, height: isSwapped ? width : height,
                format: AV_PIX_FMT_YUVJ420P)
    }

    func take(_ frame: UnsafeMutablePointer<AVFrame>) throws(MediaFailure) {
        guard let flat else {
            try unsafe scaler.scale(frame, into: result)
            return
        }
        try unsafe scaler.scale(frame, into: flat)
        Rotation.turn(flat, quarters: quarters, into: result)
    }
}

extension Picture {
    /// How much its brightness varies: next to nothing for black and blank pictures.
    var contrast: Double {
        guard let plane = unsafe plane(0) else { return 0 }
        var sum = 0.0
        var squares = 0.0
        var count = 0.0
        for y in Swift.stride(from: 0, to: height, by: 8) {
            for x in Swift.stride(from: 0, to: width, by: 8) {
                // Safe because: x and y lie within the plane.
                let value = Double(unsafe plane[y * stride(0) + x])
                sum += value
                squares += value * value
                count += 1
            }
        }
        let mean = sum / count
        return squares / count - mean * mean
    }

    func blacken() {
        for index in 0..<3 {
            guard let plane = unsafe plane(index) else { continue }
            let rows = index == 0 ? height : (height + 1) / 2
            // Safe because: a plane has that many rows of its stride.
            unsafe plane.update(repeating: index == 0 ? 0 : 128, count: rows * stride(index))
        }
    }

    /// Copies `tile` to that place; what does not fit is left out.
    func paste(_ tile: Picture, x: Int, y: Int) {
        for index in 0..<3 {
            let shift = index == 0 ? 0 : 1
            guard let from = unsafe tile.plane(index), let to = unsafe plane(index) else { return }
            let columns = min(tile.width, width - x) >> shift
            let rows = min(tile.height, height - y) >> shift
            guard columns > 0 else { continue }
            for row in 0..<max(0, rows) {
                // Safe because: columns and rows were cut to both pictures.
                let target = unsafe to + ((y >> shift) + row) * stride(index) + (x >> shift)
                unsafe target.update(from: from + row * tile.stride(index), count: columns)
            }
        }
    }
}

/// One JPEG picture.
enum JPEG {
    static func encode(_ picture: Picture) throws(MediaFailure) -> Bytes {
        guard let codec = unsafe avcodec_find_encoder_by_name("mjpeg"),
            let context = unsafe avcodec_alloc_context3(codec),
            let packet = unsafe av_packet_alloc()
        else { throw .broken("the installed libav has no JPEG encoder") }
        defer {
            var held: UnsafeMutablePointer<AVCodecContext>? = unsafe context
            unsafe avcodec_free_context(&held)
            var heldPacket: UnsafeMutablePointer<AVPacket>? = unsafe packet
            unsafe av_packet_free(&heldPacket)
        }
        unsafe context.pointee.width = Int32(picture.width)
        unsafe context.pointee.height = Int32(picture.height)
        unsafe context.pointee.pix_fmt = AV_PIX_FMT_YUVJ420P
        unsafe context.pointee.time_base = AVRational(num: 1, den: 25)
        unsafe context.pointee.flags |= AV_CODEC_FLAG_QSCALE
        unsafe context.pointee.global_quality = 4 * FF_QP2LAMBDA
        unsafe context.pointee.thread_count = 1
        let opened = unsafe avcodec_open2(context, codec, nil)
        guard opened >= 0 else { throw .broken("cannot start the JPEG encoder", code: opened) }
        unsafe picture.frame.pointee.pts = 0
        unsafe picture.frame.pointee.quality = 4 * FF_QP2LAMBDA
        guard unsafe avcodec_send_frame(context, picture.frame) >= 0,
            unsafe avcodec_send_frame(context, nil) >= 0,
            unsafe avcodec_receive_packet(context, packet) >= 0,
            let data = unsafe packet.pointee.data
        else { throw .broken("encoding a JPEG failed") }
        return unsafe Bytes(
            UnsafeRawBufferPointer(start: data, count: Int(packet.pointee.size)).bytes)
    }
}
