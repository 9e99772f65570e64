internal import Base

/// The decoder configuration of H.264: `avcC` (ISO/IEC 14496-15 section 5.3.3).
public struct AVCRecord: Sendable, Equatable {
    public let bytes: [UInt8]
    /// For `CODECS`: `avc1.PPCCLL`.
    public let codecs: String

    /// Makes the record from parameter sets as an encoder gives them, with start codes (Annex B).
    ///
    /// Nil when there is no sequence or picture parameter set.
    public init?(annexB parameterSets: [UInt8]) {
        let units = AnnexB.units(parameterSets)
        let sequence = units.filter { ($0.first ?? 0) & 31 == 7 && $0.count >= 4 }
        let picture = units.filter { ($0.first ?? 0) & 31 == 8 }
        guard let first = sequence.first, !picture.isEmpty, sequence.count < 32,
            picture.count < 256
        else { return nil }
        var writer = ByteWriter()
        writer.write([1, first[first.startIndex + 1], first[first.startIndex + 2]])
        writer.write(first[first.startIndex + 3])
        // Lengths of four bytes.
        writer.write(UInt8(0xFF))
        writer.write(UInt8(0xE0) | UInt8(sequence.count))
        for unit in sequence {
            writer.write(UInt16(clamping: unit.count))
            writer.write(unit)
        }
        writer.write(UInt8(picture.count))
        for unit in picture {
            writer.write(UInt16(clamping: unit.count))
            writer.write(unit)
        }
        let profile = first[first.startIndex + 1]
        if profile == 100 || profile == 110 || profile == 122 || profile == 144 {
            // 4:2:0 of eight bits: what our encoders make.
            writer.write([0xFD, 0xF8, 0xF8, 0x00])
        }
        bytes = writer.array
        codecs = "avc1." + TextEncoding.hex(first[(first.startIndex + 1)...(first.startIndex + 3)])
    }

    /// Takes a record as an MP4 file holds it; nil when it is cut short or of another version.
    public init?(record: [UInt8]) {
        guard record.count >= 7, record[0] == 1, record[4] & 3 == 3 else { return nil }
        bytes = record
        codecs = "avc1." + TextEncoding.hex(record[1...3])
    }
}

/// H.264 as a stream of units behind start codes (ITU-T H.264 Annex B).
public enum AnnexB {
    /// The units between start codes.
    public static func units(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var units: [ArraySlice<UInt8>] = []
        var start: Int?
        var index = 0
        while index + 2 < bytes.count {
            guard bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 else {
                index += 1
                continue
            }
            if let start { units.append(trimmed(bytes, start, index)) }
            start = index + 3
            index += 3
        }
        if let start, start < bytes.count { units.append(bytes[start...]) }
        return units.filter { !$0.isEmpty }
    }

    /// Zeros before a start code belong to it.
    private static func trimmed(_ bytes: [UInt8], _ start: Int, _ end: Int) -> ArraySlice<UInt8> {
        var end = end
        while end > start, bytes[end - 1] == 0 { end -= 1 }
        return bytes[start..<end]
    }

    /// The same access unit with a length of four bytes before each unit, as MP4 has it. Parameter
    /// sets and delimiters, which the sample entry holds or nobody needs, are left out.
    public static func lengthPrefixed(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 8)
        for unit in units(bytes) {
            let type = (unit.first ?? 0) & 31
            if type == 7 || type == 8 || type == 9 { continue }
            let count = UInt32(unit.count)
            for shift in [24, 16, 8, 0] as [UInt32] {
                out.append(UInt8(truncatingIfNeeded: count >> shift))
            }
            out += unit
        }
        return out
    }
}
