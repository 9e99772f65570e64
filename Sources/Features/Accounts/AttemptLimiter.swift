internal import Base
internal import Synchronization

/// Slows guessing down: each key (an address, an account) has a bucket of attempts that refills
/// with time. An attempt that turns out right is given back.
final class AttemptLimiter: Sendable {
    /// How many attempts at once, and how long one takes to come back.
    struct Allowance: Sendable {
        let burst: Int
        let refill: Duration
    }

    /// A bucket as the moment at which it will be full again: one number per key (GCRA).
    private struct State {
        var fullAt: [String: Int64] = [:]
    }

    private let state = Mutex(State())
    private let burst: Int64
    private let refill: Int64
    private let keysMax: Int

    init(_ allowance: Allowance, keysMax: Int = 20_000) {
        burst = Int64(max(1, allowance.burst))
        refill = max(1, allowance.refill.milliseconds)
        self.keysMax = keysMax
    }

    /// Takes one attempt for `key`; nil when it is granted, else how long to wait.
    func take(_ key: String, now: Timestamp) -> Duration? {
        state.withLock { state in
            let now = now.milliseconds
            if state.fullAt.count >= keysMax, state.fullAt[key] == nil {
                makeRoom(&state, now: now)
            }
            let fullAt = max(state.fullAt[key] ?? now, now) + refill
            let wait = fullAt - now - burst * refill
            guard wait <= 0 else { return .milliseconds(wait) }
            state.fullAt[key] = fullAt
            return nil
        }
    }

    /// Gives one attempt back.
    func giveBack(_ key: String) {
        state.withLock { state in
            guard let fullAt = state.fullAt[key] else { return }
            state.fullAt[key] = fullAt - refill
        }
    }

    /// Forgets keys whose bucket is full; when an attack fills the table with others, those that
    /// waited longest go, so that memory stays bounded.
    private func makeRoom(_ state: inout State, now: Int64) {
        state.fullAt = state.fullAt.filter { $0.value > now }
        guard state.fullAt.count >= keysMax else { return }
        let oldest = state.fullAt.sorted { $0.value < $1.value }.prefix(keysMax / 4)
        for (key, _) in oldest { state.fullAt[key] = nil }
    }
}
