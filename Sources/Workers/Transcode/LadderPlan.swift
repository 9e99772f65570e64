/// A frame rate as a fraction: 30000/1001 is exact.
public struct FrameRate: Sendable, Codable, Hashable {
    public let numerator: Int
    public let denominator: Int

    public init(_ numerator: Int, _ denominator: Int = 1) {
        self.numerator = numerator
        self.denominator = denominator
    }

    public var perSecond: Double { Double(numerator) / Double(denominator) }

    /// The steady rate for a source that claims `average` and at best `real`: what it has, within 1 to
    /// `most` a second, halved when it is more.
    static func steady(average: FrameRate?, real: FrameRate?, most: Double) -> FrameRate {
        let candidates = [average, real].compactMap { $0 }.filter {
            $0.numerator > 0 && $0.denominator > 0 && $0.perSecond >= 1 && $0.perSecond <= 480
        }
        guard var rate = candidates.first?.nearestCommon else { return FrameRate(30) }
        while rate.perSecond > most + 0.01 {
            rate = FrameRate(rate.numerator, rate.denominator * 2)
        }
        return rate
    }

    /// The standard rate that this one means, when it is that within half a percent.
    private var nearestCommon: FrameRate {
        let common = [
            FrameRate(24000, 1001), FrameRate(24), FrameRate(25), FrameRate(30000, 1001),
            FrameRate(30), FrameRate(50), FrameRate(60000, 1001), FrameRate(60),
            FrameRate(120), FrameRate(15), FrameRate(12), FrameRate(10),
        ]
        let near = common.min {
            abs($0.perSecond - perSecond) < abs($1.perSecond - perSecond)
        }
        if let near, abs(near.perSecond - perSecond) < 0.005 * perSecond { return near }
        // Odd rates of phones: to the thousandth, so that the timescale stays small.
        return FrameRate(Int((perSecond * 1000).rounded()), 1000)
    }
}

/// The pictures of a source as they are shown: turned upright, with square pixels.
public struct PictureFacts: Sendable, Codable, Hashable {
    public let width: Int
    public let height: Int
    public let frameRate: FrameRate
    /// Of the pictures alone; nil when it is not known.
    public let bitRate: Int?

    public init(width: Int, height: Int, frameRate: FrameRate, bitRate: Int?) {
        self.width = width
        self.height = height
        self.frameRate = frameRate
        self.bitRate = bitRate
    }
}

/// One rung of the ladder.
public struct Rung: Sendable, Codable, Hashable {
    /// By the shorter side: `720p`.
    public let name: String
    public let width: Int
    public let height: Int
    /// The most that it may need, in bits a second.
    public let bitRate: Int
}

/// Which rungs a film gets.
public struct LadderPlan: Sendable, Codable, Hashable {
    public let rungs: [Rung]
    public let frameRate: FrameRate
    /// Frames of each segment; the last one may have fewer.
    public let framesPerSegment: Int

    private static let shortSides = [2160, 1440, 1080, 720, 480, 360, 240]

    /// Plans the ladder: from the source's own size, at most `heightMax`, down to 240 lines. Nothing is
    /// ever made larger than it came.
    public init(for source: PictureFacts, segmentSeconds: Int, heightMax: Int = 2160) {
        let short = min(source.width, source.height)
        var sides = Self.shortSides.filter { $0 <= min(short, heightMax) }
        // A size between two rungs is a rung of its own, unless it is close to one.
        if short <= heightMax, let top = sides.first, Double(short) > Double(top) * 1.12 {
            sides.insert(short, at: 0)
        }
        if sides.isEmpty { sides = [short] }
        let rate = source.frameRate
        rungs = sides.map { side in
            let scale = Double(side) / Double(short)
            let width = Self.even(Double(source.width) * scale)
            let height = Self.even(Double(source.height) * scale)
            let needed = Self.bitRate(width: width, height: height, rate: rate.perSecond)
            // No rung needs much more than the source itself had.
            let cap = source.bitRate.map { Int(Double($0) * 1.1) } ?? .max
            return Rung(
                name: "\(min(width, height))p", width: width, height: height,
                bitRate: max(100_000, min(needed, cap)))
        }.reduce(into: []) { unique, rung in
            if !unique.contains(where: { $0.name == rung.name }) { unique.append(rung) }
        }
        frameRate = rate
        framesPerSegment = max(1, Int((rate.perSecond * Double(segmentSeconds)).rounded()))
    }

    /// Bits a second that H.264 needs for that many pixels: fewer for each pixel the more there are,
    /// and half again for twice the frames.
    static func bitRate(width: Int, height: Int, rate: Double) -> Int {
        let pixels = Double(width * height)
        let anchors: [(pixels: Double, bits: Double)] = [
            (426 * 240, 350_000), (640 * 360, 800_000), (854 * 480, 1_400_000),
            (1280 * 720, 2_800_000), (1920 * 1080, 5_300_000), (2560 * 1440, 9_500_000),
            (3840 * 2160, 17_000_000),
        ]
        var bits = anchors[0].bits * pixels / anchors[0].pixels
        for (low, high) in zip(anchors, anchors.dropFirst()) where pixels >= low.pixels {
            let position = min(1, (pixels - low.pixels) / (high.pixels - low.pixels))
            bits = low.bits + (high.bits - low.bits) * position
        }
        if rate > 30 { bits *= 1 + 0.5 * min(1, (rate - 30) / 30) }
        return Int(bits)
    }

    private static func even(_ value: Double) -> Int {
        max(2, Int((value / 2).rounded()) * 2)
    }

    /// Seconds of a whole segment.
    public var segmentSeconds: Double { Double(framesPerSegment) / frameRate.perSecond }
}
