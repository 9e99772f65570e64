internal import CAV

/// A frame of our own: 8-bit 4:2:0 as the encoders take it.
@safe
final class Picture {
    let frame: UnsafeMutablePointer<AVFrame>
    let width: Int
    let height: Int

    init(width: Int, height: Int, format: AVPixelFormat = AV_PIX_FMT_YUV420P) throws(MediaFailure) {
        self.width = width
        self.height = height
        guard let frame = unsafe av_frame_alloc() else { throw .broken("out of memory") }
        unsafe self.frame = frame
        unsafe frame.pointee.width = Int32(width)
        unsafe frame.pointee.height = Int32(height)
        unsafe frame.pointee.format = format.rawValue
        guard unsafe av_frame_get_buffer(frame, 0) >= 0 else { throw .broken("out of memory") }
    }

    deinit {
        var frame: UnsafeMutablePointer<AVFrame>? = unsafe frame
        unsafe av_frame_free(&frame)
    }
}

/// Turns a picture by quarters of a circle.
enum Rotation {
    /// Clockwise quarters that a stream's display matrix asks for.
    static func quarters(of stream: UnsafeMutablePointer<AVStream>) -> Int {
        var size = 0
        guard
            let data = unsafe av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size),
            size >= 36
        else { return 0 }
        let angle = unsafe data.withMemoryRebound(to: Int32.self, capacity: 9) {
            unsafe av_display_rotation_get($0)
        }
        guard angle.isFinite else { return 0 }
        // The matrix turns counter-clockwise.
        let quarters = Int((-angle / 90).rounded())
        return ((quarters % 4) + 4) % 4
    }

    /// Copies `source` turned into `target`, whose sides are swapped for odd quarters.
    static func turn(_ source: Picture, quarters: Int, into target: Picture) {
        for plane in 0..<3 {
            let shift = plane == 0 ? 0 : 1
            turnPlane(
                source, target, plane, width: (source.width + shift) >> shift,
                height: (source.height + shift) >> shift, quarters: quarters)
        }
    }

    private static func turnPlane(
        _ source: Picture, _ target: Picture, _ plane: Int, width: Int, height: Int, quarters: Int
    ) {
        guard let from = unsafe source.plane(plane), let to = unsafe target.plane(plane) else {
            return
        }
        let (fromStride, toStride) = (source.stride(plane), target.stride(plane))
        // Safe because: both planes have the sizes that the loops run over, the sides swapped as the
        // caller promised.
        for y in 0..<height {
            let row = unsafe from + y * fromStride
            for x in 0..<width {
                let place: Int
                switch quarters {
                case 1: place = x * toStride + (height - 1 - y)
                case 2: place = (height - 1 - y) * toStride + (width - 1 - x)
                case 3: place = (width - 1 - x) * toStride + y
                default: place = y * toStride + x
                }
                unsafe to[place] = row[x]
            }
        }
    }
}

extension Picture {
    func plane(_ index: Int) -> UnsafeMutablePointer<UInt8>? {
        switch index {
        case 0: unsafe frame.pointee.data.0
        case 1: unsafe frame.pointee.data.1
        default: unsafe frame.pointee.data.2
        }
    }

    func stride(_ index: Int) -> Int {
        switch index {
        case 0: Int(unsafe frame.pointee.linesize.0)
        case 1: Int(unsafe frame.pointee.linesize.1)
        default: Int(unsafe frame.pointee.linesize.2)
        }
    }
}
