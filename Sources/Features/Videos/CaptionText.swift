internal import Base

/// Reads captions as WebVTT or SubRip and writes them as plain WebVTT: cues with their times and
/// text, and nothing else of what the file held.
public struct CaptionText: Equatable, Sendable {
    public struct Cue: Equatable, Sendable {
        public let startMilliseconds: Int64
        public let endMilliseconds: Int64
        public let lines: [String]
    }

    public enum CaptionError: Error, Equatable, Sendable {
        case notText, tooManyCues, noCues
        /// The line, from 1 on, that is no time of a cue.
        case malformedTime(line: Int)
    }

    public static let bytesMax = 4 << 20
    static let cuesMax = 50_000
    static let linesPerCueMax = 20

    public let cues: [Cue]

    /// Reads `bytes`, UTF-8 with or without a byte order mark.
    public init(_ bytes: [UInt8]) throws(CaptionError) {
        var bytes = bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        guard bytes.count <= Self.bytesMax, !bytes.contains(0),
            let text = String(validating: bytes, as: UTF8.self)
        else { throw .notText }
        // Swift sees CR LF as one newline character, and CR alone as another.
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        cues = try Self.cues(lines)
    }

    private static func cues(_ lines: [Substring]) throws(CaptionError) -> [Cue] {
        var cues: [Cue] = []
        var index = 0
        var isSkipped = false
        while index < lines.count {
            let line = lines[index]
            index += 1
            if line.isEmpty { isSkipped = false }
            // Notes, styles and regions last up to the next blank line.
            if ["NOTE", "STYLE", "REGION"].contains(where: { line.hasPrefix($0) }) {
                isSkipped = true
            }
            guard !isSkipped, line.contains("-->") else { continue }
            guard let (start, end) = times(line) else { throw .malformedTime(line: index) }
            var body: [String] = []
            while index < lines.count, !lines[index].isEmpty, !lines[index].contains("-->") {
                if body.count < linesPerCueMax { body.append(clean(lines[index])) }
                index += 1
            }
            guard cues.count < cuesMax else { throw .tooManyCues }
            if !body.isEmpty, end > start {
                cues.append(Cue(startMilliseconds: start, endMilliseconds: end, lines: body))
            }
        }
        guard !cues.isEmpty else { throw .noCues }
        return cues.sorted { $0.startMilliseconds < $1.startMilliseconds }
    }

    private static func clean(_ line: Substring) -> String {
        String(line.unicodeScalars.filter { $0.value >= 0x20 || $0.value == 0x09 }.prefix(1_000))
    }

    /// `start --> end` with whatever settings behind it.
    private static func times(_ line: Substring) -> (Int64, Int64)? {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count >= 3, words[1] == "-->", let start = time(words[0]),
            let end = time(words[2])
        else { return nil }
        return (start, end)
    }

    /// `[hours:]minutes:seconds.thousandths`, with a comma in SubRip.
    private static func time(_ word: Substring) -> Int64? {
        let halves = word.utf8.split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == 0x2E || $0 == 0x2C })
        guard halves.count == 2, halves[1].count == 3, let thousandths = number(halves[1]) else {
            return nil
        }
        let parts = halves[0].split(separator: 0x3A, omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts.allSatisfy({ (1...4).contains($0.count) }) else {
            return nil
        }
        var seconds: Int64 = 0
        for (position, part) in parts.enumerated() {
            guard let value = number(part), position == 0 || value < 60 else { return nil }
            seconds = seconds * 60 + value
        }
        return seconds * 1000 + thousandths
    }

    private static func number(_ digits: Substring.UTF8View) -> Int64? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(Substring(digits))
    }

    /// The whole as WebVTT.
    public var webVTT: String {
        var text = "WEBVTT\n"
        for cue in cues {
            text += "\n\(Self.stamp(cue.startMilliseconds)) --> "
            text += "\(Self.stamp(cue.endMilliseconds))\n"
            for line in cue.lines { text += line + "\n" }
        }
        return text
    }

    static func stamp(_ milliseconds: Int64) -> String {
        MovieBody.clock(milliseconds) + ".\((milliseconds % 1000).padded(3))"
    }
}
