/// A few threads for calls that block, so that no core ever does: reading directories, names of
/// hosts. Waits of callers are bounded by the queue's limit.
public final class BlockingWorker: Sendable {
    private let queue: BlockingQueue<@Sendable () -> Void>
    private let threads: [Thread]

    /// - Parameter limit: The most calls that wait; one more throws ``Errno/noBufferSpace``.
    public init(threads count: Int = 1, limit: Int = 1_024) throws(Errno) {
        let queue = BlockingQueue<@Sendable () -> Void>(limit: limit)
        var threads: [Thread] = []
        do throws(Errno) {
            for _ in 0..<max(1, count) {
                threads.append(
                    try Thread {
                        while let calls = queue.take(atMost: 1) {
                            for call in calls { call() }
                        }
                    })
            }
        } catch {
            queue.close()
            for thread in threads { thread.join() }
            throw error
        }
        self.queue = queue
        self.threads = threads
    }

    /// Runs `body` on a thread of the worker; the caller goes on where it was.
    public func run<T: Sendable, E: Error>(
        _ body: @escaping @Sendable () throws(E) -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            do throws(BlockingQueue<@Sendable () -> Void>.Refusal) {
                try queue.put {
                    continuation.resume(with: Result { () throws(any Error) in try body() })
                }
            } catch {
                continuation.resume(throwing: Errno.noBufferSpace)
            }
        }
    }

    deinit {
        queue.close()
        for thread in threads { thread.join() }
    }
}
