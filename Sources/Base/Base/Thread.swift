internal import Glibc

/// A thread of its own for work that blocks; it must be joined once.
public final class Thread: Sendable {
    private let identity: UInt

    /// Starts a thread that runs `body` and ends.
    public init(_ body: @escaping @Sendable () -> Void) throws(Errno) {
        let context = unsafe Unmanaged.passRetained(Body(run: body))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                // Safe because: the only other reference was given away when the thread started.
                let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                body.run()
                return nil
            }, unsafe context.toOpaque())
        guard status == 0 else {
            unsafe context.release()
            throw Errno(status)
        }
        identity = UInt(thread)
    }

    /// Waits for its end; called by the thread itself, lets it end alone instead.
    public func join() {
        let thread = pthread_t(identity)
        if pthread_equal(thread, pthread_self()) != 0 {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
