public import Base

/// One coded picture or frame of sound on its way into a segment.
public struct Sample: Sendable {
    /// In the track's timescale.
    public let duration: UInt32
    /// Presentation minus decode time; may be negative.
    public let compositionOffset: Int32
    public let isSync: Bool
    public let bytes: [UInt8]

    public init(duration: UInt32, compositionOffset: Int32, isSync: Bool, bytes: [UInt8]) {
        self.duration = duration
        self.compositionOffset = compositionOffset
        self.isSync = isSync
        self.bytes = bytes
    }
}

/// A CMAF segment of one fragment: `styp`, `moof`, `mdat`.
public struct MediaSegment: Sendable {
    /// The whole of it.
    public let bytes: Bytes
    /// From the start of the segment to the end of its first sample, when that is a sync sample: what
    /// an I-frame playlist points at. Else empty.
    public let keyframe: Range<Int>
    /// In the track's timescale.
    public let duration: UInt64

    /// - Parameters:
    ///   - sequence: Counts fragments from 1.
    ///   - decodeTime: Of the first sample, in the track's timescale.
    ///   - samples: In decode order; at least one.
    public init(sequence: UInt32, decodeTime: UInt64, samples: [Sample]) {
        var writer = BoxWriter()
        writer.box("styp") { box in
            box.write("msdh")
            box.write(UInt32(0))
            box.write("msdhcmfs")
        }
        let fragmentStart = writer.count
        var offsetField = 0
        writer.box("moof") { moof in
            moof.fullBox("mfhd") { $0.write(sequence) }
            moof.box("traf") { traf in
                // default-base-is-moof
                traf.fullBox("tfhd", flags: 0x020000) { $0.write(UInt32(1)) }
                traf.fullBox("tfdt", version: 1) { $0.write(decodeTime) }
                // data offset; each sample's duration, size, flags and composition offset
                traf.fullBox("trun", version: 1, flags: 0xF01) { trun in
                    trun.write(UInt32(samples.count))
                    offsetField = trun.count
                    trun.write(UInt32(0))
                    for sample in samples {
                        trun.write(sample.duration)
                        trun.write(UInt32(sample.bytes.count))
                        trun.write(UInt32(sample.isSync ? 0x0200_0000 : 0x0101_0000))
                        trun.write(sample.compositionOffset)
                    }
                }
            }
        }
        writer.patch(UInt32(writer.count - fragmentStart + 8), at: offsetField)
        let payloadStart = writer.count + 8
        writer.box("mdat") { mdat in
            for sample in samples { mdat.write(sample.bytes) }
        }
        bytes = writer.bytes
        duration = samples.reduce(0) { $0 + UInt64($1.duration) }
        if let first = samples.first, first.isSync {
            keyframe = 0..<(payloadStart + first.bytes.count)
        } else {
            keyframe = 0..<0
        }
    }
}
