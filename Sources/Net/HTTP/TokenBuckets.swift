public import Base
public import Ring
internal import Synchronization

/// Limits how often something is done, per key: each key has a bucket that refills steadily.
public final class TokenBuckets: Sendable {
    private struct Bucket {
        var tokens: Double
        var filled: Int64
    }

    private let ratePerSecond: Double
    private let burst: Double
    private let keysMax: Int
    private let buckets = Mutex<[String: Bucket]>([:])

    /// - Parameters:
    ///   - ratePerSecond: How many a key may do in the long run.
    ///   - burst: How many at once after a pause.
    ///   - keysMax: How many keys are remembered; beyond it those that are full again are dropped.
    public init(ratePerSecond: Double, burst: Double, keysMax: Int = 100_000) {
        self.ratePerSecond = ratePerSecond
        self.burst = burst
        self.keysMax = keysMax
    }

    /// Takes one token of `key`.
    ///
    /// - Returns: nil when there was one, else how long to wait.
    public func take(_ key: String, now: Timestamp = .now) -> Duration? {
        buckets.withLock { buckets in
            if buckets.count >= keysMax { shed(&buckets, now) }
            var bucket =
                buckets[key] ?? Bucket(tokens: burst, filled: now.milliseconds)
            let elapsed = Double(max(0, now.milliseconds - bucket.filled)) / 1000
            bucket.tokens = min(burst, bucket.tokens + elapsed * ratePerSecond)
            bucket.filled = now.milliseconds
            defer { buckets[key] = bucket }
            if bucket.tokens >= 1 {
                bucket.tokens -= 1
                return nil
            }
            return .milliseconds(Int64((1 - bucket.tokens) / ratePerSecond * 1000) + 1)
        }
    }

    /// Forgets whoever has a full bucket; when all are in use, everybody starts anew rather than
    /// the server running out of memory.
    private func shed(_ buckets: inout [String: Bucket], _ now: Timestamp) {
        buckets = buckets.filter { _, bucket in
            let elapsed = Double(now.milliseconds - bucket.filled) / 1000
            return bucket.tokens + elapsed * ratePerSecond < burst
        }
        if buckets.count >= keysMax { buckets.removeAll(keepingCapacity: true) }
    }
}

extension SocketAddress {
    /// What this peer is counted by: an IPv4 address, or the /64 that an IPv6 host owns.
    public var limitKey: String {
        isIPv4 ? host : "\(String(high, radix: 16))::/64"
    }
}
