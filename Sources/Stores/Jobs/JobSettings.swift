internal import Base

/// The times and limits of the queue.
public struct JobSettings: Sendable {
    /// How long a node may be silent before others take its jobs.
    public var lease: Duration = .seconds(30)
    /// How often progress is written down while jobs run.
    public var pulse: Duration = .seconds(1)
    /// How often the queue is looked at when nothing calls.
    public var poll: Duration = .seconds(5)
    /// The wait before the second try; it doubles with each further one.
    public var backoff: Duration = .seconds(2)
    /// The longest wait between two tries.
    public var backoffMax: Duration = .seconds(600)
    /// How long ended jobs are kept.
    public var retention: Duration = .seconds(7 * 86_400)

    public init() {}

    /// The most bytes of a payload or a checkpoint.
    public static let payloadMax = 1 << 20
    /// The most bytes of a detail or an error; the rest is cut off.
    static let textMax = 2_000

    /// The wait after `attempt` tries failed: exponential, capped, and between half and whole by
    /// `random` (0..<1), so that jobs that failed together do not come back together.
    func wait(afterAttempt attempt: Int, random: Double) -> Duration {
        let exponent = Double(min(max(attempt - 1, 0), 30))
        var doubled = Double(backoff.milliseconds)
        for _ in 0..<Int(exponent) { doubled *= 2 }
        let capped = min(doubled, Double(backoffMax.milliseconds))
        return .milliseconds(Int64(capped * (0.5 + 0.5 * random)))
    }
}

extension String {
    /// At most ``JobSettings/textMax`` bytes of this text, whole characters.
    var clipped: String {
        guard utf8.count > JobSettings.textMax else { return self }
        var text = ""
        var count = 0
        for character in self {
            count += character.utf8.count
            if count > JobSettings.textMax { break }
            text.append(character)
        }
        return text
    }
}
