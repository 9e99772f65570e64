internal import Ring
internal import Synchronization

/// One listener's queue. What it cannot take in time is dropped, oldest first, and counted: a
/// slow listener never slows who tells.
final class Subscriber: Sendable {
    private enum Delivery {
        /// Called on the core with each message.
        case push(Core, @Sendable (BusMessage) -> Void)
        /// Asked for by a waiting task.
        case pull
    }

    private struct State {
        var queue: BoundedQueue<BusMessage>
        var dropped = 0
        var isScheduled = false
        var isOver = false
        var waiting: CheckedContinuation<BusMessage?, Never>?
    }

    private let delivery: Delivery
    private let state: Mutex<State>
    /// The most messages delivered in one turn of the core.
    private static let turnMax = 64

    init(limit: Int) {
        delivery = .pull
        state = Mutex(State(queue: BoundedQueue(limit: limit)))
    }

    init(limit: Int, on core: Core, _ deliver: @escaping @Sendable (BusMessage) -> Void) {
        delivery = .push(core, deliver)
        state = Mutex(State(queue: BoundedQueue(limit: limit)))
    }

    var dropped: Int { state.withLock { $0.dropped } }

    /// Takes a message without ever waiting.
    func offer(_ message: BusMessage) {
        let (waiting, isFirst) = state.withLock { state in
            guard !state.isOver else {
                return (CheckedContinuation<BusMessage?, Never>?.none, false)
            }
            if let waiting = state.waiting {
                state.waiting = nil
                return (waiting, false)
            }
            if state.queue.append(message) { state.dropped += 1 }
            defer { state.isScheduled = true }
            return (nil, !state.isScheduled)
        }
        waiting?.resume(returning: message)
        if isFirst { schedule() }
    }

    private func schedule() {
        guard case .push(let core, let deliver) = delivery else { return }
        core.post { self.drain(deliver) }
    }

    private func drain(_ deliver: @Sendable (BusMessage) -> Void) {
        for _ in 0..<Self.turnMax {
            let message = state.withLock { state -> BusMessage? in
                let message = state.isOver ? nil : state.queue.popFirst()
                if message == nil { state.isScheduled = false }
                return message
            }
            guard let message else { return }
            deliver(message)
        }
        // Others on the core have their turn before the rest.
        schedule()
    }

    /// The next message; waits for one. Nil once it is over, or when the task is cancelled.
    func next() async -> BusMessage? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (ready, previous) = state.withLock { state in
                    if let message = state.queue.popFirst() {
                        return (BusMessage?.some(message), Waiting?.none)
                    }
                    let previous = state.waiting
                    state.waiting = state.isOver || Task.isCancelled ? nil : continuation
                    return (nil, state.waiting == nil ? continuation : previous)
                }
                if let ready { continuation.resume(returning: ready) }
                previous?.resume(returning: nil)
            }
        } onCancel: {
            let waiting = state.withLock { state in
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume(returning: nil)
        }
    }

    private typealias Waiting = CheckedContinuation<BusMessage?, Never>

    func end() {
        let waiting = state.withLock { state in
            state.isOver = true
            while state.queue.popFirst() != nil { continue }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: nil)
    }
}
