internal import Base
internal import Glibc
internal import Synchronization

/// Runs slow computations on threads of their own, a few at a time, so that a core never waits
/// and the memory they take together is bounded. More callers wait in line, up to a limit.
final class HashingThreads: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let state: Mutex<State>
    private let waitingMax: Int

    /// - Parameters:
    ///   - concurrent: How many run at once; each holds the memory of one hash.
    ///   - waitingMax: How many may stand in line before the next is turned away.
    init(concurrent: Int, waitingMax: Int) {
        state = Mutex(State(free: max(1, concurrent)))
        self.waitingMax = waitingMax
    }

    /// Runs `work` on a thread of its own and gives its result.
    ///
    /// - Throws: `busy` when too many wait already.
    func run<T: Sendable>(_ work: @escaping @Sendable () -> T) async throws(AccountsError) -> T {
        guard await acquire() else { throw .busy }
        defer { release() }
        let result: T? = await withCheckedContinuation { continuation in
            let isStarted = startThread { continuation.resume(returning: work()) }
            if !isStarted { continuation.resume(returning: nil) }
        }
        guard let result else { throw .busy }
        return result
    }

    /// Waits for a turn; false when the line is full.
    private func acquire() async -> Bool {
        await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                guard state.waiting.count < waitingMax else { return false }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Hands the turn to the next in line, or back.
    private func release() {
        let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: true)
    }
}

/// What a new thread runs.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Starts a detached thread that runs `body` once; false when the system gives none.
private func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    // Safe because: the retain made here is taken over by the thread, or released when it did
    // not start.
    let box = unsafe Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread, nil,
        { argument in
            if let argument = unsafe argument {
                unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            }
            return nil
        }, box.toOpaque())
    guard status == 0 else {
        unsafe box.release()
        return false
    }
    pthread_detach(thread)
    return true
}
