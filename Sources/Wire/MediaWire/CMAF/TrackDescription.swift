internal import Base

/// What a decoder must know of a track before its first sample.
public struct TrackDescription: Sendable, Equatable {
    public enum Format: Sendable, Equatable {
        /// H.264 with its `avcC` record (ISO/IEC 14496-15).
        case h264(record: AVCRecord, width: Int, height: Int)
        /// AAC with its AudioSpecificConfig (ISO/IEC 14496-3).
        case aac(config: [UInt8], channels: Int, sampleRate: Int, bitRate: Int)
    }

    public let format: Format
    /// Units of a second that its times are in.
    public let timescale: UInt32

    public init(format: Format, timescale: UInt32) {
        self.format = format
        self.timescale = timescale
    }

    /// For `CODECS` (RFC 6381).
    public var codecs: String {
        switch format {
        case .h264(let record, _, _): record.codecs
        case .aac(let config, _, _, _): "mp4a.40.\(config.first.map { $0 >> 3 } ?? 2)"
        }
    }

    /// The initialisation segment: a `moov` that promises fragments (ISO/IEC 23000-19, CMAF).
    public var initializationSegment: BoxWriter {
        var writer = BoxWriter()
        writer.box("ftyp") { box in
            box.write("iso6")
            box.write(UInt32(0))
            box.write("iso6cmfcmp41")
        }
        writer.box("moov") { moov in
            movieHeader(&moov)
            track(&moov)
            moov.box("mvex") { mvex in
                mvex.fullBox("trex") { trex in
                    trex.write(UInt32(1))
                    trex.write(UInt32(1))
                    trex.zeros(12)
                }
            }
        }
        return writer
    }

    private var size: (width: Int, height: Int) {
        if case .h264(_, let width, let height) = format { (width, height) } else { (0, 0) }
    }

    private var isVideo: Bool {
        if case .h264 = format { true } else { false }
    }

    private static let unityMatrix: [UInt32] = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000]

    private func movieHeader(_ moov: inout BoxWriter) {
        moov.fullBox("mvhd") { box in
            box.zeros(8)
            box.write(timescale)
            box.write(UInt32(0))
            box.write(UInt32(0x10000))
            box.write(UInt16(0x100))
            box.zeros(10)
            for value in Self.unityMatrix { box.write(value) }
            box.zeros(24)
            box.write(UInt32(2))
        }
    }

    private func track(_ moov: inout BoxWriter) {
        moov.box("trak") { trak in
            trak.fullBox("tkhd", flags: 7) { box in
                box.zeros(8)
                box.write(UInt32(1))
                box.zeros(4)
                box.write(UInt32(0))
                box.zeros(8)
                box.zeros(4)
                box.write(UInt16(isVideo ? 0 : 0x100))
                box.zeros(2)
                for value in Self.unityMatrix { box.write(value) }
                box.write(UInt32(size.width) << 16)
                box.write(UInt32(size.height) << 16)
            }
            trak.box("mdia") { mdia in
                mdia.fullBox("mdhd") { box in
                    box.zeros(8)
                    box.write(timescale)
                    box.write(UInt32(0))
                    box.write(UInt16(0x55C4))
                    box.zeros(2)
                }
                mdia.fullBox("hdlr") { box in
                    box.zeros(4)
                    box.write(isVideo ? "vide" : "soun")
                    box.zeros(12)
                    box.write(isVideo ? "video" : "sound")
                    box.zeros(1)
                }
                mdia.box("minf") { minf in mediaInformation(&minf) }
            }
        }
    }

    private func mediaInformation(_ minf: inout BoxWriter) {
        if isVideo {
            minf.fullBox("vmhd", flags: 1) { $0.zeros(8) }
        } else {
            minf.fullBox("smhd") { $0.zeros(4) }
        }
        minf.box("dinf") { dinf in
            dinf.fullBox("dref") { dref in
                dref.write(UInt32(1))
                dref.fullBox("url ", flags: 1) { _ in }
            }
        }
        minf.box("stbl") { stbl in
            stbl.fullBox("stsd") { stsd in
                stsd.write(UInt32(1))
                sampleEntry(&stsd)
            }
            for type in ["stts", "stsc", "stco"] { stbl.fullBox(type) { $0.zeros(4) } }
            stbl.fullBox("stsz") { $0.zeros(8) }
        }
    }

    private func sampleEntry(_ stsd: inout BoxWriter) {
        switch format {
        case .h264(let record, let width, let height):
            stsd.box("avc1") { box in
                box.zeros(6)
                box.write(UInt16(1))
                box.zeros(16)
                box.write(UInt16(clamping: width))
                box.write(UInt16(clamping: height))
                box.write(UInt32(0x48_0000))
                box.write(UInt32(0x48_0000))
                box.zeros(4)
                box.write(UInt16(1))
                box.zeros(32)
                box.write(UInt16(0x18))
                box.write(Int16(-1))
                box.box("avcC") { $0.write(record.bytes) }
            }
        case .aac(let config, let channels, let sampleRate, let bitRate):
            stsd.box("mp4a") { box in
                box.zeros(6)
                box.write(UInt16(1))
                box.zeros(8)
                box.write(UInt16(clamping: channels))
                box.write(UInt16(16))
                box.zeros(4)
                box.write(UInt32(UInt16(clamping: sampleRate)) << 16)
                box.fullBox("esds") { $0.write(Self.descriptors(config, bitRate: bitRate)) }
            }
        }
    }

    /// The elementary stream descriptor around an AudioSpecificConfig (ISO/IEC 14496-1 section 7.2.6).
    private static func descriptors(_ config: [UInt8], bitRate: Int) -> [UInt8] {
        func descriptor(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
            [tag, 0x80, 0x80, 0x80, UInt8(truncatingIfNeeded: content.count & 0x7F)] + content
        }
        var rate = ByteWriter()
        rate.write(UInt32(clamping: bitRate))
        rate.write(UInt32(clamping: bitRate))
        let specific = descriptor(0x05, config)
        let decoder = descriptor(0x04, [0x40, 0x15, 0, 0, 0] + rate.array + specific)
        return descriptor(0x03, [0, 1, 0] + decoder + descriptor(0x06, [0x02]))
    }
}
