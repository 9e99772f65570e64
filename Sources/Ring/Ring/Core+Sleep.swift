internal import Base

extension Core {
    /// Suspends the calling task, which must be on a core, for `delay`.
    ///
    /// - Throws: `CancellationError` at once when the task is cancelled.
    public static func sleep(for delay: Duration) async throws(CancellationError) {
        guard let core = Core.current else {
            invariantFailed("sleep outside of a core", file: #fileID, line: #line)
        }
        let sleeper = Sleeper(core: core)
        await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { (waiting: UnsafeContinuation<Void, Never>) in
                unsafe sleeper.start(waiting, delay: delay)
            }
        } onCancel: {
            core.post { sleeper.wake() }
        }
        if Task.isCancelled { throw CancellationError() }
    }
}

/// One sleeping task.
@safe
private final class Sleeper: @unchecked Sendable {
    // Safe because: touched on its core only; a cancellation is posted there.
    private let core: Core
    private var waiting: UnsafeContinuation<Void, Never>?
    private var timer: Timer?
    private var isOver = false

    init(core: Core) {
        self.core = core
    }

    func start(_ waiting: UnsafeContinuation<Void, Never>, delay: Duration) {
        if isOver {
            unsafe waiting.resume()
            return
        }
        unsafe self.waiting = waiting
        let timer = Timer { self.wake() }
        self.timer = timer
        core.arm(timer, after: delay)
        if Task.isCancelled { wake() }
    }

    func wake() {
        isOver = true
        if let timer { core.disarm(timer) }
        timer = nil
        guard let waiting = unsafe waiting else { return }
        unsafe self.waiting = nil
        unsafe waiting.resume()
    }
}
