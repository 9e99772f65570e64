internal import Synchronization

/// Wakes one waiting task; a call that comes before the wait is not lost.
final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var turn = 0
        var waiting: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    /// Ends the wait, or the next one.
    func raise() {
        let waiting = state.withLock { state in
            state.isRaised = state.waiting == nil
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    /// Waits for ``raise()``, or for `limit` at most. One task waits at a time.
    func wait(atMost limit: Duration) async {
        let turn = state.withLock { state in
            state.turn += 1
            return state.turn
        }
        let timer = Task {
            // A timer that was cancelled has nothing to wake.
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            self.expire(turn)
        }
        await withCheckedContinuation { continuation in
            let isRaised = state.withLock { state in
                if state.isRaised {
                    state.isRaised = false
                    return true
                }
                state.waiting = continuation
                return false
            }
            if isRaised { continuation.resume() }
        }
        timer.cancel()
    }

    private func expire(_ turn: Int) {
        let waiting: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard state.turn == turn else { return nil }
            // Expired before the wait began: let it pass at once.
            if state.waiting == nil { state.isRaised = true }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}
