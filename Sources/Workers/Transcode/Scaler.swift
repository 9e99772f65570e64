internal import CAV

/// Scales frames of any format into our pictures, keeping its tables while the input stays the same.
@safe
final class Scaler {
    private struct Shape: Equatable {
        let width: Int32
        let height: Int32
        let format: Int32
        let isFullRange: Bool
    }

    private let width: Int
    private let height: Int
    private let format: AVPixelFormat
    private var shape: Shape?
    private var context: OpaquePointer?

    init(width: Int, height: Int, format: AVPixelFormat = AV_PIX_FMT_YUV420P) {
        self.width = width
        self.height = height
        self.format = format
    }

    deinit { unsafe sws_freeContext(context) }

    /// Scales `frame` into `picture`, which must have this scaler's size.
    func scale(
        _ frame: UnsafeMutablePointer<AVFrame>, into picture: Picture
    ) throws(MediaFailure) {
        try unsafe prepare(for: frame)
        let rows = unsafe frame.pointee.height
        let status = unsafe withUnsafePointer(to: &frame.pointee.data) { data in
            unsafe data.withMemoryRebound(to: UnsafePointer<UInt8>?.self, capacity: 8) { data in
                unsafe withUnsafePointer(to: &frame.pointee.linesize) { sizes in
                    unsafe sizes.withMemoryRebound(to: Int32.self, capacity: 8) { sizes in
                        unsafe scale(data, sizes, rows, into: picture)
                    }
                }
            }
        }
        guard status > 0 else { throw .broken("scaling failed") }
    }

    private func scale(
        _ data: UnsafePointer<UnsafePointer<UInt8>?>, _ sizes: UnsafePointer<Int32>,
        _ rows: Int32, into picture: Picture
    ) -> Int32 {
        unsafe withUnsafePointer(to: &picture.frame.pointee.data) { target in
            unsafe target.withMemoryRebound(
                to: UnsafeMutablePointer<UInt8>?.self, capacity: 8
            ) { target in
                unsafe withUnsafePointer(to: &picture.frame.pointee.linesize) { targetSizes in
                    unsafe targetSizes.withMemoryRebound(to: Int32.self, capacity: 8) {
                        targetSizes in
                        unsafe sws_scale(context, data, sizes, 0, rows, target, targetSizes)
                    }
                }
            }
        }
    }

    /// The formats that mean "full range" by their name, and the ordinary ones that they are.
    private static func plain(_ format: Int32) -> (AVPixelFormat, isFullRange: Bool) {
        switch AVPixelFormat(format) {
        case AV_PIX_FMT_YUVJ420P: (AV_PIX_FMT_YUV420P, true)
        case AV_PIX_FMT_YUVJ422P: (AV_PIX_FMT_YUV422P, true)
        case AV_PIX_FMT_YUVJ444P: (AV_PIX_FMT_YUV444P, true)
        case AV_PIX_FMT_YUVJ440P: (AV_PIX_FMT_YUV440P, true)
        default: (AVPixelFormat(format), false)
        }
    }

    private func prepare(for frame: UnsafeMutablePointer<AVFrame>) throws(MediaFailure) {
        let (source, isNamedFull) = Self.plain(unsafe frame.pointee.format)
        let isFull = unsafe isNamedFull || frame.pointee.color_range == AVCOL_RANGE_JPEG
        let wanted = unsafe Shape(
            width: frame.pointee.width, height: frame.pointee.height,
            format: frame.pointee.format, isFullRange: isFull)
        if wanted == shape { return }
        guard wanted.width > 0, wanted.height > 0 else {
            throw .unusable("The file holds pictures without a size.")
        }
        unsafe sws_freeContext(context)
        unsafe context = sws_getContext(
            wanted.width, wanted.height, source, Int32(width), Int32(height), format,
            SWS_BICUBIC, nil, nil, nil)
        guard unsafe context != nil else {
            throw .unusable("The file holds pictures of a kind that we cannot convert.")
        }
        shape = wanted
        let matrix = unsafe sws_getCoefficients(Int32(SWS_CS_ITU709))
        _ = unsafe sws_setColorspaceDetails(
            context, matrix, isFull ? 1 : 0, matrix, format == AV_PIX_FMT_YUVJ420P ? 1 : 0, 0,
            1 << 16, 1 << 16)
    }
}
